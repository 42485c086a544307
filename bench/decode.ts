/**
 * Text generation side by side with native llama.cpp on the same weights: `npm run bench -- decode [ROUNDS] [TOKENS]`
 *
 * SmolLM2-135M, one stream, greedy, on one thread and on two. What is missing is installed first (bench/decode/install.ts:
 * a compiler, `uv` and 5 to 10 minutes). Each measurement is a process of its own, pinned, in turn.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { unavailable } from "./decode/floors.ts";
import { python } from "./decode/places.ts";
import { packSmolLm2, publishSmolLm2 } from "./decode/published.ts";
import { interleave, median, pairedRatio, type Sample } from "./measurement.ts";
import { pinnedTo } from "./pinning.ts";
import type { Report } from "./report.ts";

interface Line {
  readonly tokensPerSecond: number;
  readonly cpuMillisPerToken: number;
}

const file = (name: string): string => join(import.meta.dirname, "decode", name);

const product = (threads: number, tokens: string, folder: string) => [
  process.execPath,
  file("product.ts"),
  String(threads),
  tokens,
  folder,
];
const llamaCpp = (threads: number, tokens: string) => [python(), file("llamacpp.py"), String(threads), tokens];

const CPUS: Readonly<Record<number, readonly number[]>> = { 1: [1], 2: [0, 1] };

/**
 * The form that is served with so many threads has the plain name: instances and premises have one session of one thread for each
 * worker and keep packed files; several threads are a function's, which loads what was published.
 */
const NAMES: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  1: { "farthing, packed": "1t", "farthing, as published": "1t_as_published" },
  2: { "farthing, as published": "2t", "farthing, packed": "2t_packed" },
};

export async function run([rounds = "5", tokens = "128"]: readonly string[]): Promise<Report> {
  installIfAbsent();
  const published = await publishSmolLm2();
  const packed = await packSmolLm2(published);
  const rows: string[][] = [];
  const figures: Record<string, number> = {};
  for (const threads of [1, 2]) {
    const commands: Readonly<Record<string, string[]>> = {
      "farthing, packed": product(threads, tokens, packed),
      "farthing, as published": product(threads, tokens, published),
      "llama.cpp": llamaCpp(threads, tokens),
    };
    const lines = new Map<string, Line[]>();
    const contender = (engine: string, command: readonly string[]) => async () => {
      const [executable, ...parameters] = [...pinnedTo(CPUS[threads] ?? []), ...command];
      const output = execFileSync(executable as string, parameters, { encoding: "utf8" });
      const line = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Line;
      lines.set(engine, [...(lines.get(engine) ?? []), line]);
      return line.tokensPerSecond;
    };
    const contenders = Object.entries(commands).map(
      ([engine, command]) => [engine, contender(engine, command)] as const,
    );
    const samples = await interleave(Object.fromEntries(contenders), { rounds: Number(rounds) });
    const cpuOf = (engine: string): Sample => ({
      name: engine,
      rounds: (lines.get(engine) ?? []).slice(1).map(({ cpuMillisPerToken }) => cpuMillisPerToken),
    });
    for (const engine of Object.keys(commands)) {
      const { rounds: seen } = samples[engine] as Sample;
      rows.push([
        `${engine}, ${threads} thread${threads === 1 ? "" : "s"}`,
        median(seen).toFixed(1),
        `${Math.min(...seen).toFixed(1)}–${Math.max(...seen).toFixed(1)}`,
        median(cpuOf(engine).rounds).toFixed(2),
      ]);
    }
    for (const [form, name] of Object.entries(NAMES[threads] ?? {})) {
      const of = (engine: string) => [samples[engine] as Sample, samples["llama.cpp"] as Sample] as const;
      figures[`decode_over_llamacpp_${name}`] = Number(pairedRatio(...of(form)).toFixed(3));
      // Of use on a machine that does other things too: what others take of a core is not in it.
      figures[`cpu_over_llamacpp_${name}`] = Number(pairedRatio(cpuOf(form), cpuOf("llama.cpp")).toFixed(3));
    }
  }
  return {
    title: "Decoding SmolLM2-135M, one stream, against native llama.cpp",
    columns: ["engine", "tokens/s", "spread", "CPU ms/token"],
    rows,
    notes: [
      `${rounds} interleaved rounds after one that does not count; ${tokens} tokens after a prompt of 38; a process each, pinned.`,
      "Same 4-bit weights; llama.cpp is compiled for this CPU (GGML_NATIVE) and keeps its KV cache in 16 bits, ONNX Runtime in 32.",
      "packed: as instances and premises keep it. as published: as functions load it.",
      "farthing: token ids in, events of text out; nothing is read ahead (greedy texts by default are not).",
    ],
    figures,
  };
}

function installIfAbsent(): void {
  if (unavailable() === undefined) return;
  const { status } = spawnSync(process.execPath, [file("install.ts")], { stdio: ["ignore", 2, 2] });
  const reason = unavailable();
  if (reason !== undefined) throw new Error(`${reason} (install.ts ended with exit code ${status})`);
}
