/** The measured process and whoever reads what it writes stand on different cores, where the machine has two and Linux's taskset. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

const canPin = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

export const PINNING = canPin
  ? "Measured process on core 1, its reader on core 0."
  : "Not pinned to cores: no taskset, or one core.";

/** This process, and the children it starts from now on, onto core 0. */
export function pinReader(): void {
  if (canPin) spawnSync("taskset", ["-cp", "0", String(process.pid)]);
}

/** The command line that starts Node.js on core 1. */
export const measuredNode = (): readonly [command: string, ...prefix: string[]] =>
  canPin ? ["taskset", "-c", "1", process.execPath] : [process.execPath];

/** What comes before a command line to keep it on these cores; nothing where that is not possible. */
export const pinnedTo = (cores: readonly number[]): readonly string[] =>
  canPin ? ["taskset", "-c", cores.join(",")] : [];
