/**
 * What text generation adds to ONNX Runtime: `npm run bench -- generation [THREADS] [ROUNDS] [TOKENS]`
 *
 * SmolLM2, one stream, greedy: the model as a function loads it (text in, events out) against a bare loop over
 * onnxruntime-node that feeds each present back as the next past. Same file, same options of the session, one process, in turn.
 * How far that loop is from llama.cpp is measured by bench/decode.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadModel } from "../adapters/onnx/load-model.ts";
import { type InferenceSession, type OnnxTensor, onnxRuntime } from "../adapters/onnx/runtime.ts";
import { sessionOptions } from "../adapters/onnx/session-options.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { GenerationInference } from "../core/protocols/spec/generation.ts";
import { ONNX_DIRECTORY } from "./decode/places.ts";
import { ENDLESS, SMOLLM2_CARD } from "./decode/smollm2.ts";
import { interleave, median, pairedRatio, type Sample } from "./measurement.ts";
import type { Report } from "./report.ts";

/** What one contender leaves behind is not to be cleared in the time of the other. */
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Figures {
  /** From the start to the first token. */
  readonly firstMillis: number;
  /** Median over the further tokens. */
  readonly stepMillis: number;
}

/** How long the text is that stands before: the past that each step carries along. */
const PROMPTS = { short: 38, long: 600 } as const;
const VOCABULARY_SAFE_ID = 1_000;

export async function run([threads = "1", rounds = "5", tokens = "64"]: readonly string[]): Promise<Report> {
  if (!existsSync(join(ONNX_DIRECTORY, "model.onnx")))
    throw new Error("SmolLM2 is not there: node bench/decode/install.ts");
  const settings = { threads: Number(threads) };
  const model = await loadModel(ONNX_DIRECTORY, SMOLLM2_CARD, settings, systemClock);
  const session = await onnxRuntime().InferenceSession.create(
    join(ONNX_DIRECTORY, "model.onnx"),
    sessionOptions({ ...settings, spinning: settings.threads > 1 }),
  );
  const rows: string[][] = [];
  const figures: Record<string, number> = {};
  for (const [name, length] of Object.entries(PROMPTS)) {
    const ids = promptOf(length);
    const first: Record<string, number[]> = { generation: [], "bare loop": [] };
    const contender = (key: string, measure: () => Promise<Figures>) => async () => {
      collectGarbage();
      const { firstMillis, stepMillis } = await measure();
      first[key]?.push(firstMillis);
      return stepMillis;
    };
    const samples = await interleave(
      {
        generation: contender("generation", () => product(model, ids, Number(tokens))),
        "bare loop": contender("bare loop", () => bareLoop(session, ids, Number(tokens))),
      },
      { rounds: Number(rounds) },
    );
    const [ours, bare] = [samples.generation as Sample, samples["bare loop"] as Sample];
    const firstOf = (key: string): Sample => ({ name: key, rounds: (first[key] ?? []).slice(1) });
    for (const sample of [ours, bare]) {
      rows.push([
        `${sample.name}, after ${length} tokens`,
        median(sample.rounds).toFixed(2),
        `${Math.min(...sample.rounds).toFixed(2)}–${Math.max(...sample.rounds).toFixed(2)}`,
        median(firstOf(sample.name).rounds).toFixed(1),
      ]);
    }
    figures[`step_over_bare_${name}`] = Number(pairedRatio(ours, bare).toFixed(3));
    figures[`first_token_over_bare_${name}`] = Number(
      pairedRatio(firstOf("generation"), firstOf("bare loop")).toFixed(3),
    );
  }
  await model.release();
  await session.release();
  return {
    title: `Text generation over ONNX Runtime, SmolLM2-135M, ${threads} thread${threads === "1" ? "" : "s"}`,
    columns: ["contender", "ms a step", "spread", "first token ms"],
    rows,
    notes: [`${rounds} interleaved rounds after one that does not count; ${tokens} tokens each, greedy.`],
    figures,
  };
}

/** A chat, and for long ones more ids of any kind after it: the work does not depend on what they mean. */
function promptOf(length: number): readonly number[] {
  const path = join(import.meta.dirname, "decode/prompt.json");
  const { ids } = JSON.parse(readFileSync(path, "utf8")) as { readonly ids: readonly number[] };
  return Array.from({ length }, (_, at) => ids[at] ?? VOCABULARY_SAFE_ID + at);
}

async function product(
  model: Awaited<ReturnType<typeof loadModel>>,
  ids: readonly number[],
  tokens: number,
): Promise<Figures> {
  const request: GenerationInference = {
    type: "generation",
    prompts: [{ type: "tokens", ids }],
    choices: 1,
    maxTokens: tokens,
    sampling: ENDLESS,
    stop: [],
  };
  const started = performance.now();
  const result = await model.infer(request, { requestId: "bench", deadlineMillis: Number.POSITIVE_INFINITY });
  if (result.type !== "generation") throw new Error("no generation");
  const times: number[] = [];
  for await (const { type } of result.events) if (type === "text-delta") times.push(performance.now());
  return figuresOf(started, times);
}

async function bareLoop(session: InferenceSession, ids: readonly number[], tokens: number): Promise<Figures> {
  const { Tensor } = onnxRuntime();
  const names = session.inputNames.filter((name) => name.startsWith("past_key_values."));
  const nothing = new Tensor("float32", new Float32Array(0), [1, 3, 0, 64]);
  let past: Record<string, OnnxTensor> = Object.fromEntries(names.map((name) => [name, nothing]));
  const started = performance.now();
  const times: number[] = [];
  let unread = ids;
  while (times.length < tokens) {
    const total = ids.length + times.length;
    const results = await session.run({
      input_ids: new Tensor("int64", BigInt64Array.from(unread, BigInt), [1, unread.length]),
      attention_mask: new Tensor("int64", new BigInt64Array(total).fill(1n), [1, total]),
      ...past,
    });
    const { dims, data } = results.logits as OnnxTensor;
    const last = (data as Float32Array).subarray(-(dims.at(-1) as number));
    let best = 0;
    for (let at = 1; at < last.length; at++) if ((last[at] as number) > (last[best] as number)) best = at;
    unread = [best];
    past = Object.fromEntries(
      names.map((name) => [name, results[name.replace("past_key_values", "present")] as OnnxTensor]),
    );
    times.push(performance.now());
  }
  return figuresOf(started, times);
}

/** `times`: when each token was there. */
function figuresOf(started: number, times: readonly number[]): Figures {
  const steps = times.slice(1).map((time, at) => time - (times[at] as number));
  return { firstMillis: (times[0] as number) - started, stepMillis: median(steps) };
}
