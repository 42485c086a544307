/**
 * The floors of text generation on this machine, both engines on the same SmolLM2 weights: node bench/decode/floors.ts [ROUNDS] [TOKENS]
 * Each measurement is a process of its own, pinned to its cores, in turn.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { interleave, median, pairedRatio, type Sample } from "../measurement.ts";
import { type Report, render } from "../report.ts";
import { ONNX_DIRECTORY, python } from "./places.ts";

interface Line {
  readonly tokensPerSecond: number;
  readonly cpuMillisPerToken: number;
  readonly prefillMillis: number;
}

type Engine = "llama.cpp" | "onnxruntime";

interface Floor {
  readonly name: string;
  readonly engine: Engine;
  readonly threads: 1 | 2;
  readonly command: (tokens: number) => readonly [string, ...string[]];
}

const inThisFolder = (file: string) => join(import.meta.dirname, file);
const llamaCpp = (threads: 1 | 2): Floor => ({
  name: `llama.cpp, ${threads} thread${threads === 1 ? "" : "s"}`,
  engine: "llama.cpp",
  threads,
  command: (tokens) => [python(), inThisFolder("llamacpp.py"), String(threads), String(tokens)],
});
const bareLoop = (threads: 1 | 2, spinning: boolean, cache: "shared" | "copied"): Floor => ({
  name: `onnxruntime-node, ${threads} thread${threads === 1 ? "" : "s"}${spinning ? " spinning" : ""}, KV cache ${cache}`,
  engine: "onnxruntime",
  threads,
  command: (tokens) => [
    process.execPath,
    inThisFolder("bare-loop.ts"),
    String(threads),
    spinning ? "1" : "0",
    String(tokens),
    cache,
  ],
});

/** Spinning is worth something only where a second thread waits for the first. */
const FLOORS: readonly Floor[] = [
  llamaCpp(1),
  bareLoop(1, false, "shared"),
  bareLoop(1, false, "copied"),
  llamaCpp(2),
  bareLoop(2, true, "shared"),
  bareLoop(2, true, "copied"),
  bareLoop(2, false, "shared"),
];

const CPUS = { 1: "1", 2: "0,1" } as const;

/** Why the floors cannot be measured here; undefined when they can. */
export const unavailable = (): string | undefined =>
  existsSync(join(ONNX_DIRECTORY, "model.onnx")) && existsSync(python())
    ? undefined
    : "SmolLM2 or llama.cpp is not there: node bench/decode/install.ts";

export async function measureFloors(rounds: number, tokens: number): Promise<Report> {
  const lines = new Map<string, Line[]>(FLOORS.map(({ name }) => [name, []]));
  const contenders = FLOORS.map(({ name, threads, command }) => {
    const run = async (): Promise<number> => {
      const output = execFileSync("taskset", ["-c", CPUS[threads], ...command(tokens)], { encoding: "utf8" });
      const line = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Line;
      lines.get(name)?.push(line);
      return line.tokensPerSecond;
    };
    return [name, run] as const;
  });
  const samples = await interleave(Object.fromEntries(contenders), { rounds });
  const medianOf = (name: string, value: (line: Line) => number) => median((lines.get(name) ?? []).map(value));
  return {
    title: "Decoding SmolLM2-135M, one stream",
    columns: ["engine", "tokens/s", "spread", "CPU ms/token", "prefill ms"],
    rows: FLOORS.map(({ name }) => {
      const { rounds: seen } = samples[name] as Sample;
      return [
        name,
        median(seen).toFixed(1),
        `${Math.min(...seen).toFixed(1)}–${Math.max(...seen).toFixed(1)}`,
        medianOf(name, ({ cpuMillisPerToken }) => cpuMillisPerToken).toFixed(2),
        medianOf(name, ({ prefillMillis }) => prefillMillis).toFixed(0),
      ];
    }),
    notes: [
      `${rounds} interleaved rounds after one that does not count; ${tokens} tokens after a prompt of 38; a process each, pinned to ${CPUS[1]} or ${CPUS[2]}.`,
      "Same 4-bit weights; llama.cpp is compiled for this CPU (GGML_NATIVE) and keeps its KV cache in 16 bits, ONNX Runtime in 32.",
      "llama.cpp's prefill also maps its file: do not compare it.",
    ],
    figures: { ...floorRatio(samples, 1), ...floorRatio(samples, 2) },
  };
}

/** The best bare ONNX Runtime loop against llama.cpp, with the same number of threads. */
function floorRatio(samples: Readonly<Record<string, Sample>>, threads: 1 | 2): Record<string, number> {
  const of = (engine: Engine) =>
    FLOORS.filter((floor) => floor.engine === engine && floor.threads === threads)
      .map(({ name }) => samples[name] as Sample)
      .sort((a, b) => median(b.rounds) - median(a.rounds));
  const [loop, native] = [of("onnxruntime")[0], of("llama.cpp")[0]];
  if (loop === undefined || native === undefined) return {};
  return { [`bare_loop_over_llamacpp_${threads}t`]: Number(pairedRatio(loop, native).toFixed(3)) };
}

if (import.meta.main) {
  const [rounds = "5", tokens = "128"] = process.argv.slice(2);
  const reason = unavailable();
  process.stdout.write(`${reason ?? render(await measureFloors(Number(rounds), Number(tokens)))}\n`);
}
