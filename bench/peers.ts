/**
 * Farthing against other model servers, side by side on one machine: requests a second at the same p99 bound, memory, start-up.
 * bench/peers/README.md says how; `node bench/peers/install.ts` comes first.
 */
import { parseArgs } from "node:util";
import { compare } from "./peers/compare.ts";
import type { Cores } from "./peers/contender.ts";
import { CONTENDERS } from "./peers/contenders.ts";
import { prepare } from "./peers/prepare.ts";
import { tune } from "./peers/tune.ts";
import { WORKLOADS } from "./peers/workload.ts";
import type { Report } from "./report.ts";

const OPTIONS = {
  /** Comma lists; all by default. */
  workloads: { type: "string", default: WORKLOADS.map(({ name }) => name).join() },
  contenders: { type: "string", default: CONTENDERS.map(({ name }) => name).join() },
  /** Cores of the server: 1 leaves the other to the client, 2 shares both. */
  cores: { type: "string", default: "1,2" },
  concurrency: { type: "string", default: "1,8,32,64" },
  rounds: { type: "string", default: "3" },
  /** Of each load. */
  seconds: { type: "string", default: "4" },
  /** Try every configuration of the contenders' grids instead of comparing their tuned ones. */
  tune: { type: "boolean", default: false },
} as const;

function pick<T>(what: string, asked: string, known: readonly T[], nameOf: (item: T) => string): readonly T[] {
  return asked.split(",").map((name) => {
    const found = known.find((item) => nameOf(item) === name);
    if (found === undefined) throw new Error(`--${what} ${name}: there are ${known.map(nameOf).join(", ")}`);
    return found;
  });
}

const positive = (what: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${what} ${text}: a whole number from 1 on is needed`);
  return value;
};

export async function run(parameters: readonly string[]): Promise<Report> {
  const { values } = parseArgs({ args: [...parameters], options: OPTIONS, strict: true });
  const plan = {
    workloads: pick("workloads", values.workloads, WORKLOADS, ({ name }) => name),
    contenders: pick("contenders", values.contenders, CONTENDERS, ({ name }) => name),
    cores: pick<Cores>("cores", values.cores, [1, 2], String),
    concurrencies: values.concurrency.split(",").map((text) => positive("concurrency", text)),
    rounds: positive("rounds", values.rounds),
    seconds: positive("seconds", values.seconds),
    progress: (line: string) => void process.stderr.write(`${line}\n`),
  };
  prepare(plan.progress);
  return values.tune ? tune(plan) : compare(plan);
}
