/** A process on the server's core that runs a graph in a loop, as fast as it goes (raw-loop.mjs). */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { RawBatch } from "./raw-batches.ts";

export interface RawRate {
  readonly rowsPerSecond: number;
  readonly millisPerRun: number;
}

export interface RawWorker {
  measure(batches: readonly RawBatch[], seconds: number): Promise<RawRate>;
  stop(): Promise<void>;
}

export async function startRawWorker(modelFile: string, output: string, cpus: string): Promise<RawWorker> {
  const script = join(import.meta.dirname, "raw-loop.mjs");
  const child = spawn("taskset", ["-c", cpus, process.execPath, script, modelFile, output], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`the raw loop ended with ${code}`)));
  });
  // Whoever waits for an answer hears of it; after `stop` nobody does.
  ended.catch(() => undefined);
  const answer = () => Promise.race([ended, new Promise((resolve) => child.once("message", resolve))]);
  await answer();
  return {
    async measure(batches, seconds) {
      child.send({ batches, seconds });
      return (await answer()) as RawRate;
    },
    async stop() {
      child.kill("SIGKILL");
      await ended.catch(() => undefined);
    },
  };
}
