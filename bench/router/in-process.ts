/** Runs in-process.mjs on the measured core: what the function's own code adds. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { DeployedFunction } from "../deployed-function.ts";
import { measuredNode } from "../pinning.ts";

/** Microseconds; `cpu` is what the process computed for one request. */
export interface OwnFigures {
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

export type OwnResults = Readonly<Record<string, Readonly<Record<"bare" | "ours", readonly OwnFigures[]>>>>;

export function inProcess(
  router: DeployedFunction,
  task: {
    readonly apiKey: string;
    readonly model: string;
    readonly upstream: string;
    readonly rounds: number;
    readonly cases: readonly object[];
  },
): Promise<OwnResults> {
  const [command, ...prefix] = measuredNode();
  const child = spawn(command, [...prefix, join(import.meta.dirname, "in-process.mjs")], {
    env: {
      ...router.variables,
      NODE_PATH: router.nodePath ?? "",
      PATH: process.env.PATH,
      BENCH_ROUTER: JSON.stringify({ ...task, bundle: join(router.codeDirectory, "index.mjs") }),
    },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  // Usage lines leave through a pipe, as in Lambda; somebody has to read it.
  child.stdout?.resume();
  return new Promise((resolve, reject) => {
    child.once("message", (results) => resolve(results as OwnResults));
    child.once("exit", (code) => reject(new Error(`the measured process ended with ${code}`)));
  });
}
