/** Starts one server process pinned to its cores, with the variables that the peers' Python files read. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Configuration, Setup } from "./configuration.ts";
import type { Job, RunningServer } from "./contender.ts";
import { endTree } from "./process-tree.ts";

/** Ray needs longest to take its processes down. */
const GRACE_MILLIS = 5000;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no TCP port to be had on 127.0.0.1");
  return address.port;
}

export interface Command {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function launch(
  job: Pick<Job, "cpus" | "log">,
  { command, parameters, directory, environment }: Command,
): Pick<RunningServer, "pid" | "stop"> {
  const log = openSync(job.log, "a");
  const child = spawn("taskset", ["-c", job.cpus, command, ...parameters], {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started through taskset (Debian package util-linux)`);
  return { pid, stop: () => endTree(pid, GRACE_MILLIS) };
}

/** The peers have to be told; only Farthing decides itself. */
export function setupOf(configuration: Configuration): Setup {
  if (configuration === "automatic") throw new Error("this server needs to be told its workers, threads and batching");
  return configuration;
}

/** What bench/peers/inference/served_model.py and the peers' own files read. */
export function peerEnvironment({ workload, scratch }: Job, setup: Setup, port: number): Record<string, string> {
  const { workers, threads, batching, switches } = setup;
  return {
    PYTHONPATH: join(import.meta.dirname, "inference"),
    PYTHONDONTWRITEBYTECODE: "1", // no __pycache__ in the repository
    PEER_TASK: workload.task,
    PEER_MODEL: workload.modelFile,
    ...(workload.tokenizerFile !== undefined && { PEER_TOKENIZER: workload.tokenizerFile }),
    PEER_PORT: String(port),
    PEER_SCRATCH: scratch,
    PEER_WORKERS: String(workers),
    PEER_THREADS: String(threads),
    PEER_BATCH_SIZE: String(batching === "off" ? 1 : batching.size),
    PEER_BATCH_WAIT_MILLIS: String(batching === "off" ? 0 : batching.waitMillis),
    ...switches,
  };
}
