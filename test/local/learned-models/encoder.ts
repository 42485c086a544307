/** An encoder and its tokenizer without anything of ours around them: the libraries that the reference implementations use. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";

const ort = createRequire(import.meta.url)("onnxruntime-node") as typeof import("onnxruntime-node");

export interface Encoded {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
}

export interface Reference {
  /** Special tokens included. */
  encode(text: string, second?: string): Encoded;
  /** What the graph's only output holds for one row, [1, …]. */
  run(text: string, second?: string): Promise<Float32Array>;
  release(): Promise<void>;
}

/** `graph`: path of the .onnx file; `folder`: where tokenizer.json lies. */
export async function reference(graph: string, folder: string): Promise<Reference> {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
  const tokenizer = new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
  const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const encoded = (text: string, second?: string) =>
    tokenizer.encode(text, { ...(second !== undefined && { text_pair: second }), return_token_type_ids: true });
  return {
    encode: encoded,
    async run(text, second) {
      const { ids, attention_mask: mask, token_type_ids: types } = encoded(text, second);
      const row = (values: readonly number[]) =>
        new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
      const output = await session.run({
        input_ids: row(ids),
        attention_mask: row(mask),
        token_type_ids: row(types ?? ids.map(() => 0)),
      });
      return Float32Array.from(output[session.outputNames[0] as string]?.data as Float32Array);
    },
    release: () => session.release(),
  };
}
