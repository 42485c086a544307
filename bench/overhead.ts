/**
 * What the serving function adds to ONNX Runtime: Lambda event in → answer out, without a network, against `session.run`
 * of the same graph in the same process. The bundle is the deployed one, out of the synthesised assembly.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { deployedFunction } from "./deployed-function.ts";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { type MeasuredModel, measuredModels, WITHOUT_MINILM } from "./measured-models.ts";
import { median } from "./measurement.ts";
import { measuredNode, PINNING, pinReader } from "./pinning.ts";
import type { Report } from "./report.ts";

interface Figures {
  readonly p50: readonly number[];
  readonly p99: readonly number[];
}

const ROUNDS = 9;

export async function run(): Promise<Report> {
  const platform = await startPlatform();
  try {
    const cases = await measuredModels(platform);
    const target = await deployedFunction(platform, "farthing-local-small");
    const results = await measure(platform, target, cases);
    return report(results);
  } finally {
    await platform.stop();
  }
}

function measure(
  platform: LocalPlatform,
  target: Awaited<ReturnType<typeof deployedFunction>>,
  cases: readonly MeasuredModel[],
): Promise<Readonly<Record<string, Readonly<Record<string, Figures>>>>> {
  const task = {
    bundle: join(target.codeDirectory, "index.mjs"),
    apiKey: platform.apiKey,
    cases,
    rounds: ROUNDS,
    calls: { digits: 2_000, minilm: 100 },
  };
  pinReader();
  const [command, ...prefix] = measuredNode();
  const child = spawn(command, [...prefix, join(import.meta.dirname, "overhead/in-process.mjs")], {
    env: {
      ...target.variables,
      NODE_PATH: target.nodePath ?? "",
      PATH: process.env.PATH,
      BENCH_OVERHEAD: JSON.stringify(task),
    },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  // Usage lines leave through a pipe, as in Lambda; somebody has to read it.
  child.stdout?.resume();
  return new Promise((resolveResults, reject) => {
    child.once("message", (results) => resolveResults(results as never));
    child.once("exit", (code) => reject(new Error(`the measured process ended with ${code}`)));
  });
}

function report(results: Readonly<Record<string, Readonly<Record<string, Figures>>>>): Report {
  const rows = Object.entries(results).flatMap(([model, forms]) =>
    Object.entries(forms).map(([form, { p50, p99 }]) => [
      `${model}, ${form}`,
      median(p50).toFixed(1),
      `${Math.min(...p50).toFixed(1)}–${Math.max(...p50).toFixed(1)}`,
      median(p99).toFixed(1),
    ]),
  );
  const added = (model: string, form: string, share: keyof Figures): number => {
    const { raw, [form]: ours } = results[model] as Record<string, Figures>;
    return median((ours as Figures)[share].map((value, round) => value - ((raw as Figures)[share][round] as number)));
  };
  const text = results.minilm;
  const ratio =
    text && median((text.openai as Figures).p50.map((value, i) => value / ((text.raw as Figures).p50[i] as number)));
  return {
    title: "overhead: Lambda event in → answer out, against session.run of the same graph in the same process (µs)",
    columns: ["", "p50", "spread of p50", "p99"],
    rows,
    notes: [
      `${ROUNDS} interleaved rounds; one thread, no spinning; usage lines written to a pipe. ${PINNING}`,
      "digits: 784 floats in, 10 out, as JSON and as binary tensors. minilm: text in, tokenised, pooled, 384 floats out as base64.",
      ...(results.minilm ? [] : [WITHOUT_MINILM]),
    ],
    figures: {
      bench: "overhead",
      tiny_added_p50_us: round(added("digits", "binary", "p50")),
      tiny_added_p99_us: round(added("digits", "binary", "p99")),
      tiny_json_added_p50_us: round(added("digits", "json", "p50")),
      tiny_json_added_p99_us: round(added("digits", "json", "p99")),
      ...(ratio !== undefined && { text_over_raw_p50: Number(ratio.toFixed(3)) }),
    },
  };
}

const round = (micros: number): number => Math.round(micros * 10) / 10;
