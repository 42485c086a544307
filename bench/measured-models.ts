/** The models that benchmarks measure: what a bare session is fed with, and the same work as a request to the API. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createTokenizer } from "../adapters/onnx/text/tokenizer.ts";
import { ONNX_DIRECTORY as SMOLLM2 } from "./decode/places.ts";
import { farthing, type LocalPlatform } from "./local-platform.ts";

export interface Feed {
  readonly type: "float32" | "int64";
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

export interface ApiRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBase64: string;
}

export interface MeasuredModel {
  readonly name: string;
  /** Path of the graph as its maker published it. */
  readonly graph: string;
  readonly feeds: Readonly<Record<string, Feed>>;
  /** By the form of the body. */
  readonly requests: Readonly<Record<string, ApiRequest>>;
}

const root = resolve(import.meta.dirname, "..");
const SHARED_DATA = process.env.FARTHING_SHARED_DATA ?? resolve(root, "../shared/data");
const MINILM = join(SHARED_DATA, "models/minilm-l6-v2");
const TEXT = "A farthing is a quarter of a penny, and the smallest coin of the realm";

export type MeasuredName = "digits" | "minilm" | "smollm2";

export const WITHOUT_MINILM = `minilm was left out: ${MINILM} is not there (FARTHING_SHARED_DATA names the folder).`;

/**
 * `digits` always; `minilm` (all-MiniLM-L6-v2, FP32, 90 MB) where the shared data is there, and `smollm2` (SmolLM2-135M, 4 bit,
 * 114 MB) where bench/decode/install.ts has made it; both are published to the platform.
 */
export async function measuredModels(
  platform: LocalPlatform,
  wanted: readonly MeasuredName[] = ["digits", "minilm"],
): Promise<readonly MeasuredModel[]> {
  const models = [digits()];
  if (wanted.includes("minilm") && existsSync(MINILM)) {
    await publish(platform, "minilm", MINILM);
    models.push(await miniLm());
  }
  if (wanted.includes("smollm2") && existsSync(join(SMOLLM2, "model.onnx"))) {
    await publish(platform, "smollm2", SMOLLM2);
    models.push(await smolLm2());
  }
  return models;
}

async function publish(platform: LocalPlatform, name: string, source: string): Promise<void> {
  const models = join(platform.stateDirectory, "models");
  await farthing(["model", "add", source, "--name", name, "--to", models]);
  await farthing(["model", "publish", name, join(models, name), "--state", platform.stateDirectory]);
}

/** 784 floats in, 10 out. */
function digits(): MeasuredModel {
  const { samples } = JSON.parse(readFileSync(join(root, "models/digits/evaluation.json"), "utf8"));
  const pixels = Float32Array.from(Buffer.from(samples[0].image, "base64"));
  const input = { name: "image", datatype: "FP32", shape: [1, 1, 28, 28] };
  const header = Buffer.from(
    JSON.stringify({
      inputs: [{ ...input, parameters: { binary_data_size: pixels.byteLength } }],
      parameters: { binary_data_output: true },
    }),
  );
  const path = "/v2/models/digits/infer";
  return {
    name: "digits",
    graph: join(root, "models/digits/model.onnx"),
    feeds: { image: { type: "float32", dims: [1, 1, 28, 28], data: [...pixels] } },
    requests: {
      json: { path, headers: {}, bodyBase64: base64(JSON.stringify({ inputs: [{ ...input, data: [...pixels] }] })) },
      binary: {
        path,
        headers: {
          "inference-header-content-length": String(header.length),
          "content-type": "application/octet-stream",
        },
        bodyBase64: base64(Buffer.concat([header, Buffer.from(pixels.buffer)])),
      },
    },
  };
}

/** A text in, tokenised, pooled, normalised; 384 floats out. */
async function miniLm(): Promise<MeasuredModel> {
  const tokenizer = await createTokenizer({
    tokenizer: JSON.parse(readFileSync(join(MINILM, "tokenizer.json"), "utf8")),
  });
  const ids = [...tokenizer.encode(TEXT)];
  const feed = (data: readonly number[]): Feed => ({ type: "int64", dims: [1, ids.length], data });
  return {
    name: "minilm",
    graph: join(MINILM, "model.onnx"),
    feeds: { input_ids: feed(ids), attention_mask: feed(ids.map(() => 1)), token_type_ids: feed(ids.map(() => 0)) },
    requests: {
      openai: {
        path: "/v1/embeddings",
        headers: {},
        bodyBase64: base64(JSON.stringify({ model: "minilm", input: TEXT, encoding_format: "base64" })),
      },
    },
  };
}

interface DecoderConfig {
  readonly num_hidden_layers: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
}

/** A text in, its next token out. */
async function smolLm2(): Promise<MeasuredModel> {
  const read = <T>(file: string): T => JSON.parse(readFileSync(join(SMOLLM2, file), "utf8")) as T;
  const tokenizer = await createTokenizer({ tokenizer: read<object>("tokenizer.json") });
  const ids = [...tokenizer.encode(TEXT)];
  const feed = (data: readonly number[]): Feed => ({ type: "int64", dims: [1, ids.length], data });
  const config = read<DecoderConfig>("config.json");
  const nothing: Feed = { type: "float32", dims: [1, config.num_key_value_heads, 0, config.head_dim], data: [] };
  const past = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    ["key", "value"].map((part) => [`past_key_values.${layer}.${part}`, nothing] as const),
  );
  return {
    name: "smollm2",
    graph: join(SMOLLM2, "model.onnx"),
    feeds: {
      input_ids: feed(ids),
      attention_mask: feed(ids.map(() => 1)),
      ...Object.fromEntries(past.flat()),
    },
    requests: {
      openai: {
        path: "/v1/completions",
        headers: {},
        bodyBase64: base64(JSON.stringify({ model: "smollm2", prompt: TEXT, max_tokens: 1, temperature: 0 })),
      },
    },
  };
}

const base64 = (body: string | Uint8Array): string => Buffer.from(body).toString("base64");
