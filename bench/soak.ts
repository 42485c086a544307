/**
 * A minute of load from 200 clients, twice: on premises, where one process holds many requests; and in function mode, with 40
 * execution environments and a queue that is too short for all. What may happen is an answer or an honest 429.
 */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type LocalPlatform, startPlatform } from "./local-platform.ts";
import { median, quantile } from "./measurement.ts";
import { memoryOf, processTree } from "./peers/process-tree.ts";
import type { Report } from "./report.ts";
import type { SoakRequest, SoakResult } from "./soak/steady-load.ts";

const OPTIONS = {
  modes: { type: "string", default: "onprem,function" },
  clients: { type: "string", default: "200" },
  seconds: { type: "string", default: "60" },
  environments: { type: "string", default: "40" },
} as const;

/** In function mode, requests that may wait: fewer than there are clients. */
const QUEUE = 100;
/** What a process takes before this belongs to its start. */
const SETTLED_AFTER_SECONDS = 10;
const LATE_SECONDS = 15;

type Mode = "onprem" | "function";

interface Soaked {
  readonly mode: Mode;
  readonly result: Omit<SoakResult, "errors"> & { readonly errors: readonly (readonly [string, number])[] };
  /** Proportional set of the process tree, megabytes, once a second. */
  readonly memory: readonly number[];
  readonly processes: number;
}

export async function run(parameters: readonly string[]): Promise<Report> {
  const { values } = parseArgs({ args: [...parameters], options: OPTIONS, strict: true });
  const soaked: Soaked[] = [];
  for (const mode of values.modes.split(",") as Mode[]) {
    const options =
      mode === "onprem"
        ? ["--env", "onprem"]
        : ["--env", "local", "--environments", values.environments, "--queue", String(QUEUE)];
    const platform = await startPlatform(options);
    try {
      soaked.push(await soak(mode, platform, Number(values.clients), Number(values.seconds)));
    } finally {
      await platform.stop();
    }
  }
  return report(soaked, values);
}

async function soak(mode: Mode, platform: LocalPlatform, clients: number, seconds: number): Promise<Soaked> {
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(memoryOf(platform.pid).proportionalBytes / 1e6), 1000);
  try {
    const result = await loaded({ url: platform.url, requests: requests(platform.apiKey), clients, seconds });
    return { mode, result, memory, processes: processTree(platform.pid).length };
  } finally {
    clearInterval(sampling);
  }
}

function loaded(load: object): Promise<Soaked["result"]> {
  const child = fork(join(import.meta.dirname, "soak/load-process.mjs"));
  return new Promise((resolveResult, reject) => {
    child.once("message", (result) => resolveResult(result as Soaked["result"]));
    child.once("exit", (code) => reject(new Error(`the clients ended with ${code}`)));
    child.send(load);
  });
}

/** Two demo models in turn: tensors, and texts of several lengths. */
function requests(apiKey: string): readonly SoakRequest[] {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const evaluation = resolve(import.meta.dirname, "../models/digits/evaluation.json");
  const { samples } = JSON.parse(readFileSync(evaluation, "utf8")) as {
    readonly samples: readonly { readonly image: string }[];
  };
  return samples.slice(0, 50).flatMap(({ image }, index) => [
    {
      path: "/v2/models/digits/infer",
      headers,
      body: JSON.stringify({
        inputs: [{ name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data: [...Buffer.from(image, "base64")] }],
      }),
    },
    {
      path: "/v1/embeddings",
      headers,
      body: JSON.stringify({
        model: "sentences",
        input: "a farthing is the smallest coin of the realm ".repeat(1 + (index % 4)),
      }),
    },
  ]);
}

function report(
  soaked: readonly Soaked[],
  { clients, seconds }: { readonly clients: string; readonly seconds: string },
): Report {
  const figures: Record<string, number | string> = { bench: "soak" };
  const notes: string[] = [];
  const rows = soaked.map(({ mode, result, memory, processes }) => {
    const { good, refused, errors, latencies, slowestRefusalMillis } = result;
    const failures = errors.reduce((sum, [, count]) => sum + count, 0);
    const settled = median(memory.slice(SETTLED_AFTER_SECONDS, SETTLED_AFTER_SECONDS + LATE_SECONDS));
    const late = median(memory.slice(-LATE_SECONDS));
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    Object.assign(figures, {
      [`${mode}_rps`]: Math.round(good / Number(seconds)),
      [`${mode}_errors`]: failures,
      [`${mode}_refused`]: refused,
      [`${mode}_p99_ms`]: Math.round(p99),
      [`${mode}_memory_growth`]: Number((late / settled).toFixed(3)),
    });
    for (const [what, count] of errors) notes.push(`${mode}: ${count} × ${what}`);
    return [
      mode,
      String(good),
      (good / Number(seconds)).toFixed(0),
      String(refused),
      String(failures),
      p50.toFixed(1),
      p99.toFixed(1),
      latencies.reduce((a, b) => Math.max(a, b), 0).toFixed(1),
      slowestRefusalMillis.toFixed(1),
      settled.toFixed(0),
      late.toFixed(0),
      String(processes),
    ];
  });
  return {
    title: `soak: ${clients} clients for ${seconds} s, server and clients on the same cores`,
    columns: [
      ...["", "answers", "per second", "429", "errors", "p50 ms", "p99 ms", "slowest ms", "slowest 429 ms"],
      ...[`PSS MB, ${SETTLED_AFTER_SECONDS} s on`, "PSS MB, end", "processes"],
    ],
    rows,
    notes: [
      "Every other request is a digit (784 numbers as JSON), every other an embedding of one of four lengths. A client that gets a 429 waits 100 ms.",
      "Memory: proportional set of the platform's process tree, median of 15 s after the first 10, and of the last 15.",
      ...notes,
    ],
    figures,
  };
}
