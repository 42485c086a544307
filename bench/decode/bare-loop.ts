/**
 * Greedy decoding with onnxruntime-node alone: node bench/decode/bare-loop.ts THREADS SPINNING(0|1) TOKENS [CACHE(shared|copied)]
 *
 * Prints one JSON object. This is the floor of the product's decode loop: no sampling, no tokenizer, no streaming. Two ways to
 * carry the KV cache: `copied` feeds each present back as the next past (new tensors in every step); `shared` gives past and
 * present the same preallocated buffer, into which GroupQueryAttention writes in place.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { ONNX_DIRECTORY } from "./places.ts";

interface ModelConfig {
  readonly num_hidden_layers: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly vocab_size: number;
}

type Feeds = Record<string, Tensor>;

const CONTEXT = 512;

const [threads = "1", spinning = "0", tokens = "128", cache = "shared"] = process.argv.slice(2);
const wanted = Number(tokens);
const prompt = (JSON.parse(readFileSync(join(import.meta.dirname, "prompt.json"), "utf8")) as { ids: number[] }).ids;
const config = JSON.parse(readFileSync(join(ONNX_DIRECTORY, "config.json"), "utf8")) as ModelConfig;
const names = Array.from({ length: config.num_hidden_layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();

const session = await InferenceSession.create(join(ONNX_DIRECTORY, "model.onnx"), {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  extra: { session: { intra_op: { allow_spinning: spinning } } },
});

const sequence = (ids: readonly number[]) => new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]);
const ones = (length: number) => new Tensor("int64", new BigInt64Array(length).fill(1n), [1, length]);
const emptyCache = (length: number) => {
  const shape = [1, config.num_key_value_heads, length, config.head_dim];
  return new Tensor("float32", new Float32Array(shape.reduce((product, size) => product * size)), shape);
};

function argmax(logits: Tensor): number {
  const last = (logits.data as Float32Array).subarray(-config.vocab_size);
  let best = 0;
  for (let index = 1; index < last.length; index++) if ((last[index] as number) > (last[best] as number)) best = index;
  return best;
}

let pasts: Feeds = Object.fromEntries(
  names.map((name) => [`past_key_values.${name}`, emptyCache(cache === "shared" ? CONTEXT : 0)]),
);
const sharedPresents: Feeds = Object.fromEntries(
  names.map((name) => [`present.${name}`, pasts[`past_key_values.${name}`] as Tensor]),
);
const stepLogits = new Tensor("float32", new Float32Array(config.vocab_size), [1, 1, config.vocab_size]);

/** Answers the next token. `total`: all tokens that have been seen, these included. */
async function step(ids: readonly number[], total: number): Promise<number> {
  const feeds = { input_ids: sequence(ids), attention_mask: ones(total), ...pasts };
  if (cache === "shared") {
    const logits = ids.length === 1 ? stepLogits : null;
    return argmax((await session.run(feeds, { ...sharedPresents, logits }))["logits"] as Tensor);
  }
  const outputs = await session.run(feeds);
  pasts = Object.fromEntries(names.map((name) => [`past_key_values.${name}`, outputs[`present.${name}`] as Tensor]));
  return argmax(outputs["logits"] as Tensor);
}

const beforePrefill = performance.now();
const ids = [await step(prompt, prompt.length)];
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
while (ids.length < wanted) ids.push(await step([ids.at(-1) as number], prompt.length + ids.length));
const seconds = (performance.now() - startedAt) / 1000;
const cpu = process.cpuUsage(cpuBefore);
process.stdout.write(
  `${JSON.stringify({
    engine: "onnxruntime-node",
    threads: Number(threads),
    spinning: spinning === "1",
    cache,
    tokensPerSecond: (wanted - 1) / seconds,
    cpuMillisPerToken: (cpu.user + cpu.system) / 1000 / (wanted - 1),
    prefillMillis: startedAt - beforePrefill,
    ids,
  })}\n`,
);
