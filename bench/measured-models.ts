/** The models that benchmarks measure: what a bare session is fed with, and the same work as a request to the API. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createTokenizer } from "../adapters/onnx/text/tokenizer.ts";
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

export const WITHOUT_MINILM = `minilm was left out: ${MINILM} is not there (FARTHING_SHARED_DATA names the folder).`;

/** `digits` always; `minilm` (all-MiniLM-L6-v2, FP32, 90 MB) where the shared data is there, published to the platform. */
export async function measuredModels(
  platform: LocalPlatform,
  wanted: readonly ("digits" | "minilm")[] = ["digits", "minilm"],
): Promise<readonly MeasuredModel[]> {
  if (!wanted.includes("minilm") || !existsSync(MINILM)) return [digits()];
  const models = join(platform.stateDirectory, "models");
  await farthing(["model", "add", MINILM, "--name", "minilm", "--to", models]);
  await farthing(["model", "publish", "minilm", join(models, "minilm"), "--state", platform.stateDirectory]);
  return [digits(), await miniLm()];
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

const base64 = (body: string | Uint8Array): string => Buffer.from(body).toString("base64");
