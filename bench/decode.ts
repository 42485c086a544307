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
import { publishSmolLm2 } from "./decode/published.ts";
import { interleave, median, pairedRatio, type Sample } from "./measurement.ts";
import { pinnedTo } from "./pinning.ts";
import type { Report } from "./report.ts";

interface Line {
  readonly tokensPerSecond: number;
  readonly cpuMillisPerToken: number;
}

const file = (name: string): string => join(import.meta.dirname, "decode", name);

const ENGINES = {
  farthing: (threads: number, tokens: string, folder: string) => [
    process.execPath,
    file("product.ts"),
    String(threads),
    tokens,
    folder,
  ],
  "llama.cpp": (threads: number, tokens: string) => [python(), file("llamacpp.py"), String(threads), tokens],
} as const;
type Engine = keyof typeof ENGINES;

const CPUS: Readonly<Record<number, readonly number[]>> = { 1: [1], 2: [0, 1] };

export async function run([rounds = "5", tokens = "128"]: readonly string[]): Promise<Report> {
  installIfAbsent();
  const folder = await publishSmolLm2();
  const rows: string[][] = [];
  const figures: Record<string, number> = {};
  for (const threads of [1, 2]) {
    const lines: Record<Engine, Line[]> = { farthing: [], "llama.cpp": [] };
    const contender = (engine: Engine) => async () => {
      const [command, ...parameters] = [...pinnedTo(CPUS[threads] ?? []), ...ENGINES[engine](threads, tokens, folder)];
      const output = execFileSync(command as string, parameters, { encoding: "utf8" });
      const line = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Line;
      lines[engine].push(line);
      return line.tokensPerSecond;
    };
    const samples = await interleave(
      { farthing: contender("farthing"), "llama.cpp": contender("llama.cpp") },
      { rounds: Number(rounds) },
    );
    const cpuOf = (engine: Engine): Sample => ({
      name: engine,
      rounds: lines[engine].slice(1).map(({ cpuMillisPerToken }) => cpuMillisPerToken),
    });
    for (const engine of ["farthing", "llama.cpp"] as const) {
      const { rounds: seen } = samples[engine] as Sample;
      rows.push([
        `${engine}, ${threads} thread${threads === 1 ? "" : "s"}`,
        median(seen).toFixed(1),
        `${Math.min(...seen).toFixed(1)}–${Math.max(...seen).toFixed(1)}`,
        median(cpuOf(engine).rounds).toFixed(2),
      ]);
    }
    const [ours, theirs] = [samples.farthing as Sample, samples["llama.cpp"] as Sample];
    figures[`decode_over_llamacpp_${threads}t`] = Number(pairedRatio(ours, theirs).toFixed(3));
    // Of use on a machine that does other things too: what others take of a core is not in it.
    figures[`cpu_over_llamacpp_${threads}t`] = Number(pairedRatio(cpuOf("farthing"), cpuOf("llama.cpp")).toFixed(3));
  }
  return {
    title: "Decoding SmolLM2-135M, one stream, against native llama.cpp",
    columns: ["engine", "tokens/s", "spread", "CPU ms/token"],
    rows,
    notes: [
      `${rounds} interleaved rounds after one that does not count; ${tokens} tokens after a prompt of 38; a process each, pinned.`,
      "Same 4-bit weights; llama.cpp is compiled for this CPU (GGML_NATIVE) and keeps its KV cache in 16 bits, ONNX Runtime in 32.",
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
