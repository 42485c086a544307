/** The inputs of a load, put into batches beforehand: what a server would do if it knew all its requests in advance. */
import { readFileSync } from "node:fs";
import { createTokenizer } from "../../adapters/onnx/text/tokenizer.ts";
import type { Feed } from "../measured-models.ts";
import { loadSamples, type Workload } from "../peers/workload.ts";

export interface RawBatch {
  readonly rows: number;
  readonly feeds: Readonly<Record<string, Feed>>;
}

/** `by-length`: texts of like length go together, so that nothing is padded. */
export type Order = "as-they-come" | "by-length";

/** MiniLM's, by sentence_bert_config.json; sms-spam's, by its card. */
const MAX_TOKENS = 256;
const PIXELS = 784;

export async function rawBatches(workload: Workload): Promise<(size: number, order: Order) => readonly RawBatch[]> {
  const samples = loadSamples(workload);
  if (workload.task === "tensor") {
    const images = samples as readonly (readonly number[])[];
    return (size) => chunks(images, size).map(imageBatch);
  }
  const tokenizer = await createTokenizer({
    tokenizer: JSON.parse(readFileSync(workload.tokenizerFile ?? "", "utf8")),
  });
  const texts = (samples as readonly string[]).map((text) => [...tokenizer.encode(text)].slice(0, MAX_TOKENS));
  const sorted = texts.toSorted((a, b) => a.length - b.length);
  return (size, order) =>
    chunks(order === "by-length" ? sorted : texts, size).map((part) => textBatch(part, workload.task === "embedding"));
}

const chunks = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

function imageBatch(images: readonly (readonly number[])[]): RawBatch {
  const feed = { type: "float32", dims: [images.length, 1, 28, PIXELS / 28], data: images.flat() } as const;
  return { rows: images.length, feeds: { image: feed } };
}

/** `types`: BERT's graph wants them too. */
function textBatch(texts: readonly (readonly number[])[], types: boolean): RawBatch {
  const length = Math.max(...texts.map((ids) => ids.length));
  const feed = (valueOf: (id: number | undefined) => number): Feed => ({
    type: "int64",
    dims: [texts.length, length],
    data: texts.flatMap((ids) => Array.from({ length }, (_, at) => valueOf(ids[at]))),
  });
  return {
    rows: texts.length,
    feeds: {
      input_ids: feed((id) => id ?? 0),
      attention_mask: feed((id) => (id === undefined ? 0 : 1)),
      ...(types && { token_type_ids: feed(() => 0) }),
    },
  };
}
