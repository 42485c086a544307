/** Looks for what the comparison needs before anything is timed, and makes the INT8 model and the truth once. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { executable, isInstalled } from "./environments.ts";
import {
  DIGITS_DIRECTORY,
  MADE_DIRECTORY,
  MINILM_DIRECTORY,
  SPAM_DIRECTORY,
  TRUTH_FILE,
  WORKLOADS,
} from "./workload.ts";

export function prepare(progress: (line: string) => void): void {
  if (availableParallelism() < 2)
    throw new Error("the client needs a core of its own: this machine (or its affinity mask) gives one");
  for (const [command, debianPackage] of [
    ["wrk", "wrk"],
    ["taskset", "util-linux"],
  ] as const) {
    if (spawnSync(command, ["--version"]).error)
      throw new Error(`${command} is not on the PATH: apt-get install ${debianPackage}`);
  }
  if (!existsSync(MINILM_DIRECTORY))
    throw new Error(`no ${MINILM_DIRECTORY}: set FARTHING_SHARED_DATA to the data directory`);
  if (!isInstalled("prepare")) throw new Error("no environments yet: node bench/peers/install.ts");
  if (isComplete()) return;
  progress("making the INT8 model and the expected answers");
  const script = join(import.meta.dirname, "prepare", "prepare.py");
  const folders = [MINILM_DIRECTORY, DIGITS_DIRECTORY, SPAM_DIRECTORY, MADE_DIRECTORY];
  const made = spawnSync(executable("prepare"), [script, ...folders], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`${script} failed:\n${made.stderr}`);
  progress(made.stdout.trim());
}

/** One that was made before a workload was added is made again. */
function isComplete(): boolean {
  if (!existsSync(TRUTH_FILE)) return false;
  const truth = JSON.parse(readFileSync(TRUTH_FILE, "utf8")) as object;
  return WORKLOADS.every(({ name }) => name in truth);
}
