/**
 * Every task through the API of the running platform. Real models where the shared data has one; the others are written here
 * (task-models.ts), and are brought in and published by the command line like any model.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createTokenizer } from "../../adapters/onnx/text/tokenizer.ts";
import { removeModelFolders } from "../adapters/onnx/model-folder.ts";
import {
  expectClose,
  pairLogit,
  pairLogits,
  sigmoid,
  softmax,
  taskFolder,
  tokenLogits,
} from "../adapters/onnx/tasks/task-models.ts";
import { farthingCommand } from "../cli/farthing-command.ts";
import { call } from "../conformance/deployment.ts";
import { describeWithData, SHARED_DATA } from "../shared-data.ts";
import { ROOT, type RunningFarthing, startFarthing } from "./running-farthing.ts";
import { spearman } from "./spearman.ts";

const { InferenceSession, Tensor } = createRequire(import.meta.url)(
  "onnxruntime-node",
) as typeof import("onnxruntime-node");

const LONG_MILLIS = 90_000;
let folder: string;
let state: string;
let farthing: RunningFarthing;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-tasks-"));
  state = join(folder, "state");
  farthing = await startFarthing(state);
}, LONG_MILLIS);
afterAll(async () => {
  await farthing?.end("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
  removeModelFolders();
});

async function bring(source: string, name: string, ...flags: readonly string[]): Promise<void> {
  await farthingCommand("model", "add", source, "--name", name, "--to", folder, ...flags);
  await farthingCommand("model", "publish", name, join(folder, name), "--state", state);
}

async function post(path: string, body: unknown) {
  const answer = await call(farthing.ready, path, { body });
  if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function infer(name: string, inputs: readonly object[], more: object = {}): Promise<Record<string, never[]>> {
  const body = await post(`/v2/models/${name}/infer`, { inputs, ...more });
  return Object.fromEntries(
    (body.outputs as { name: string; data: never[] }[]).map(({ name: output, data }) => [output, data]),
  );
}

const texts = (name: string, data: readonly string[]) => ({ name, shape: [data.length], datatype: "BYTES", data });

/** A folder as it comes from others: no card, a configuration that says what the model does. */
function exported(graph: Parameters<typeof taskFolder>[0], config: object): string {
  const source = taskFolder(graph);
  writeFileSync(join(source, "config.json"), JSON.stringify({ max_position_embeddings: 12, ...config }));
  return source;
}
const labels = (...names: readonly string[]) => Object.fromEntries(names.map((name, at) => [String(at), name]));

const GOOD = 4;
const BAD = 5;
const DAY = 6;
const NIGHT = 7;

describe("rerank", () => {
  beforeAll(() =>
    bring(
      exported(pairLogits(1), { architectures: ["BertForSequenceClassification"], id2label: labels("LABEL_0") }),
      "ranker",
    ),
  );

  test("documents by their relevance", async () => {
    const documents = ["bad", "day night", "good good"];
    const scores = [[BAD], [DAY, NIGHT], [GOOD, GOOD]].map((ids) =>
      sigmoid(pairLogit([GOOD, DAY], ids, 1)[0] as number),
    );
    const body = await post("/v1/rerank", { model: "ranker", query: "good day", documents, return_documents: true });
    const order = [0, 1, 2].sort((a, b) => (scores[b] as number) - (scores[a] as number));
    const results = body.results as { index: number; relevance_score: number; document: object }[];
    expect(results.map(({ index, document }) => [index, document])).toEqual(
      order.map((at) => [at, { text: documents[at] }]),
    );
    expectClose(
      results.map(({ relevance_score }) => relevance_score),
      order.map((at) => scores[at] as number),
    );
    expect(body.usage).toEqual({ prompt_tokens: 20, total_tokens: 20 });
  });

  test("errors name the place in the caller's own form", async () => {
    const send = (fields: object) =>
      call(farthing.ready, "/v1/rerank", { body: { model: "ranker", query: "good", documents: ["day"], ...fields } });
    const long = "night ".repeat(12);
    expect(await send({ documents: ["day", long] })).toMatchObject({
      status: 400,
      body: {
        error: { param: "documents[1]", message: expect.stringContaining("documents[1] with query has 16 tokens") },
      },
    });
    expect((await send({ documents: [long], truncate: true })).status).toBe(200);
    expect(await send({ query: long, truncate: true })).toMatchObject({
      status: 400,
      body: { error: { param: "query" } },
    });
    expect(await send({ model: "sms-spam" })).toMatchObject({
      status: 400,
      body: { error: { code: "unsupported_task" } },
    });
  });
});

test("zero-shot classification", async () => {
  const config = {
    architectures: ["BertForSequenceClassification"],
    id2label: labels("contradiction", "neutral", "entailment"),
  };
  await bring(exported(pairLogits(3), config), "anything");
  const inputs = [texts("text", ["good", "night day"]), texts("candidate_labels", ["good", "bad"])];
  const { label, scores } = await infer("anything", inputs, { parameters: { hypothesis_template: "day {}" } });
  const expected = [[GOOD], [NIGHT, DAY]].map((ids) =>
    softmax([GOOD, BAD].map((candidate) => pairLogit(ids, [DAY, candidate], 3)[2] as number)),
  );
  expectClose(scores, expected.flat());
  expect(label).toEqual(expected.map(([good = 0, bad = 0]) => (good >= bad ? "good" : "bad")));
});

test("token classification", async () => {
  const config = { architectures: ["BertForTokenClassification"], id2label: labels("O", "B-DAY", "I-DAY") };
  await bring(exported(tokenLogits(3), config), "names");
  const text = "good  day bad night";
  const found = await infer("names", [texts("text", ["night", text])], {
    parameters: { aggregation_strategy: "none" },
  });
  expect(found.word?.length).toBeGreaterThan(1);
  for (const [at, word] of (found.word as readonly string[]).entries()) {
    const of = found.text_index?.[at] === 0 ? "night" : text;
    expect(of.slice(found.start?.[at], found.end?.[at])).toBe(word);
  }
});

describe("moderation by a trained classifier of messages", () => {
  beforeAll(async () => {
    const source = join(folder, "source-of-filter");
    mkdirSync(source);
    cpSync(join(ROOT, "models/sms-spam"), source, { recursive: true });
    const card = JSON.parse(readFileSync(join(source, "model.json"), "utf8")) as object;
    writeFileSync(join(source, "model.json"), JSON.stringify({ ...card, moderation: { thresholds: { spam: 0.8 } } }));
    await bring(source, "filter");
  });

  describeWithData("eval/sms-spam", "200 messages", (data) => {
    test("scores equal tokenizer and ONNX Runtime alone; flags follow the card's threshold", async () => {
      const messages = (JSON.parse(readFileSync(join(data, "test.json"), "utf8")) as { readonly text: string }[])
        .map(({ text }) => text)
        .filter((text) => text.length < 300)
        .slice(0, 200);
      const read = (name: string) => JSON.parse(readFileSync(join(ROOT, "models/sms-spam", name), "utf8")) as object;
      const { encode } = await createTokenizer({ tokenizer: read("tokenizer.json"), modelConfig: read("config.json") });
      const session = await InferenceSession.create(join(ROOT, "models/sms-spam/model.onnx"));
      const { results } = await post("/v1/moderations", { model: "filter", input: messages });
      expect(results).toHaveLength(200);
      let flagged = 0;
      for (const [at, message] of messages.entries()) {
        const ids = BigInt64Array.from(encode(message), BigInt);
        const feeds = session.inputNames.map((name) => [
          name,
          new Tensor("int64", name === "attention_mask" ? ids.map(() => 1n) : ids, [1, ids.length]),
        ]);
        const output = await session.run(Object.fromEntries(feeds));
        const logits = Array.from(output[session.outputNames[0] as string]?.data as Float32Array);
        const spam = softmax(logits)[1] as number;
        expect(Math.abs(results[at].category_scores.spam - spam)).toBeLessThan(1e-5);
        expect(results[at]).toMatchObject({ flagged: spam >= 0.8, categories: { spam: spam >= 0.8 } });
        if (spam >= 0.8) flagged++;
      }
      expect(flagged).toBeGreaterThan(10);
      await session.release();
    });
  });

  test("a model without thresholds moderates nothing", async () => {
    expect(
      await call(farthing.ready, "/v1/moderations", { body: { model: "sms-spam", input: "hello" } }),
    ).toMatchObject({
      status: 400,
      body: { error: { code: "unsupported_task", param: "model" } },
    });
  });
});

describeWithData("models/minilm-l6-v2", "embeddings", (data) => {
  test("order 1,379 pairs of sentences as people do: what the model's authors reach", async () => {
    await bring(data, "minilm");
    const rows = readFileSync(join(SHARED_DATA, "eval/stsbenchmark/sts-test.csv"), "utf8").trim().split("\n");
    const columns = rows.map((row) => row.split("\t"));
    const sentences = columns.flatMap(([, , , , , first, second]) => [first as string, second as string]);
    const vectors: (readonly number[])[] = [];
    for (let at = 0; at < sentences.length; at += 512) {
      const body = await post("/v1/embeddings", { model: "minilm", input: sentences.slice(at, at + 512) });
      vectors.push(...(body.data as { readonly embedding: readonly number[] }[]).map(({ embedding }) => embedding));
    }
    const dot = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
    const cosines = columns.map((_, at) =>
      dot(vectors[2 * at] as readonly number[], vectors[2 * at + 1] as readonly number[]),
    );
    expect(columns).toHaveLength(1379);
    expect(
      spearman(
        cosines,
        columns.map((row) => Number(row[4])),
      ),
    ).toBeCloseTo(0.8203, 4);
  }, 90_000);
});

describeWithData("models/silero-vad", "voice activity", (data) => {
  test("speech where the reference hears it, the state handed back with each call", async () => {
    await bring(join(data, "silero_vad.onnx"), "speech");
    const wav = readFileSync(join(data, "samples/test.wav"));
    const golden = JSON.parse(readFileSync(join(data, "golden_probs_test_wav.json"), "utf8")) as readonly number[];
    let carried: readonly number[] = new Array(320).fill(0);
    const heard: number[] = [];
    const windows = 30;
    while (heard.length < 120) {
      const from = 44 + heard.length * 512 * 2;
      const audio = Array.from({ length: 512 * windows }, (_, at) => wav.readInt16LE(from + at * 2) / 32_768);
      const answer = await infer("speech", [
        { name: "audio", shape: [audio.length], datatype: "FP32", data: audio },
        { name: "state", shape: [320], datatype: "FP32", data: carried },
        { name: "sample_rate", shape: [1], datatype: "INT64", data: [16_000] },
      ]);
      heard.push(...(answer.probability as readonly number[]));
      carried = answer.state as readonly number[];
    }
    for (const [at, value] of heard.entries()) expect(Math.abs(value - (golden[at] as number))).toBeLessThan(1e-4);
  });
});

describeWithData("models/mnist-12", "image classification", (data) => {
  test("the body is the file: a digit as PNG", async () => {
    const { PNG } = await import("pngjs");
    const source = join(folder, "source-of-numbers");
    mkdirSync(source);
    cpSync(join(data, "model.onnx"), join(source, "model.onnx"));
    const names = labels(..."0123456789");
    writeFileSync(
      join(source, "config.json"),
      JSON.stringify({ architectures: ["CnnForImageClassification"], id2label: names }),
    );
    const size = { height: 28, width: 28 };
    writeFileSync(
      join(source, "preprocessor_config.json"),
      JSON.stringify({ size, do_rescale: false, do_normalize: false }),
    );
    await bring(source, "numbers");
    const pixels = gunzipSync(readFileSync(join(SHARED_DATA, "eval/mnist/t10k-images-idx3-ubyte.gz"))).subarray(16);
    const digits = gunzipSync(readFileSync(join(SHARED_DATA, "eval/mnist/t10k-labels-idx1-ubyte.gz"))).subarray(8);
    let right = 0;
    for (let at = 0; at < 100; at++) {
      const png = new PNG({ width: 28, height: 28 });
      for (let pixel = 0; pixel < 784; pixel++) {
        const value = pixels[at * 784 + pixel] as number;
        png.data.set([value, value, value, 255], pixel * 4);
      }
      const { status, body } = await call(farthing.ready, "/v2/models/numbers/infer", {
        body: new Uint8Array(PNG.sync.write(png)),
        headers: { "content-type": "application/octet-stream", "inference-header-content-length": "0" },
      });
      expect({ status, error: status === 200 ? undefined : body }).toEqual({ status: 200 });
      // The outputs come in binary as well: the label is a string behind its length.
      if ((body as string).includes(`\u0001\0\0\0${digits[at]}`)) right++;
    }
    expect(right).toBeGreaterThanOrEqual(97);
  });

  test("scores equal ONNX Runtime alone on the pixels, for 100 digits", async () => {
    const { PNG } = await import("pngjs");
    const pixels = gunzipSync(readFileSync(join(SHARED_DATA, "eval/mnist/t10k-images-idx3-ubyte.gz"))).subarray(16);
    const session = await InferenceSession.create(join(data, "model.onnx"));
    for (let at = 100; at < 200; at++) {
      const digit = pixels.subarray(at * 784, (at + 1) * 784);
      const png = new PNG({ width: 28, height: 28 });
      for (const [pixel, value] of digit.entries()) png.data.set([value, value, value, 255], pixel * 4);
      const file = [...PNG.sync.write(png)];
      const { label, scores } = await infer("numbers", [
        { name: "image", shape: [file.length], datatype: "UINT8", data: file },
      ]);
      const output = await session.run({
        [session.inputNames[0] as string]: new Tensor("float32", Float32Array.from(digit), [1, 1, 28, 28]),
      });
      const expected = softmax(Array.from(output[session.outputNames[0] as string]?.data as Float32Array));
      expectClose(scores, expected);
      expect(label).toEqual([String(expected.indexOf(Math.max(...expected)))]);
    }
    await session.release();
  });

  test("a file that is no picture", async () => {
    const data = [...Buffer.from("hello")];
    const answer = await call(farthing.ready, "/v2/models/numbers/infer", {
      body: { inputs: [{ name: "image", shape: [5], datatype: "UINT8", data }] },
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining("inputs[0].data is no picture: 5 bytes") },
    });
  });
});

describeWithData("models/magika-v3_3", "a classifier of files, as tensors", (data) => {
  test("Google's own predictions by content", async () => {
    await bring(join(data, "model.onnx"), "magika");
    const config = JSON.parse(readFileSync(join(data, "config.min.json"), "utf8")) as {
      readonly target_labels_space: string[];
    };
    const path = join(SHARED_DATA, "eval/magika-files/standard_v3_3-inference_examples_by_content.json.gz");
    const examples = JSON.parse(gunzipSync(readFileSync(path)).toString()) as readonly MagikaExample[];
    let compared = 0;
    for (const { content_base64: content, prediction } of examples) {
      const bytes = Buffer.from(content, "base64");
      if (prediction.dl === "undefined" || bytes.length < 8) continue;
      const answer = await infer("magika", [
        { name: "bytes", shape: [1, 2048], datatype: "INT32", data: magikaFeatures(bytes) },
      ]);
      const scores = answer.target_label as readonly number[];
      const best = scores.indexOf(Math.max(...scores));
      expect(config.target_labels_space[best]).toBe(prediction.dl);
      expect(Math.abs((scores[best] as number) - prediction.score)).toBeLessThan(1e-4);
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(50);
  });
});

interface MagikaExample {
  readonly content_base64: string;
  readonly prediction: { readonly dl: string; readonly score: number };
}

/** The first and the last 1,024 bytes without the white space around them, filled up with 256. */
function magikaFeatures(bytes: Buffer): number[] {
  const isSpace = (byte: number | undefined) => byte !== undefined && (byte === 32 || (byte >= 9 && byte <= 13));
  const head = [...bytes.subarray(0, 4_096)];
  while (isSpace(head[0])) head.shift();
  const tail = [...bytes.subarray(-4_096)];
  while (isSpace(tail.at(-1))) tail.pop();
  const first = head.slice(0, 1_024);
  const last = tail.slice(-1_024);
  const pad = (count: number) => new Array<number>(Math.max(0, 1_024 - count)).fill(256);
  return [...first, ...pad(first.length), ...pad(last.length), ...last];
}
