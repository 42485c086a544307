import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDirectoryOf } from "../../local/work-directory.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

/** The object of `--ready-file`. */
export interface Ready {
  readonly url: string;
  readonly apiKey: string;
  readonly environment: string;
  readonly pid: number;
  readonly models: readonly { readonly name: string; readonly task: string; readonly version: string }[];
}

export interface RunningFarthing {
  readonly ready: Ready;
  readonly readyFile: string;
  /** Standard output and standard error so far. */
  readonly output: { out: string; err: string };
  /** Resolves with exit code or signal. */
  end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | string>;
}

/** `farthing up` as a process of its own, on a free port. Rejects with what it wrote when it ends before it is ready. */
export async function startFarthing(state: string, ...flags: readonly string[]): Promise<RunningFarthing> {
  const readyFile = join(state, "ready.json");
  rmSync(readyFile, { force: true });
  const { child, output, ended } = runFarthing(
    "up",
    "--port",
    "0",
    "--state",
    state,
    "--ready-file",
    readyFile,
    ...flags,
  );
  while (!existsSync(readyFile)) {
    const result = await Promise.race([ended, sleep(25)]);
    if (result !== undefined) throw new Error(`farthing up ended with ${result}:\n${output.err}`);
  }
  return {
    readyFile,
    output,
    ready: JSON.parse(readFileSync(readyFile, "utf8")) as Ready,
    async end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Any command of the CLI, as a process. */
export function runFarthing(...args: readonly string[]): {
  readonly child: ChildProcess;
  readonly output: { out: string; err: string };
  readonly ended: Promise<number | string>;
} {
  const child = spawn(process.execPath, ["cli/farthing.ts", ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.out += chunk));
  child.stderr.on("data", (chunk: Buffer) => (output.err += chunk));
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return { child, output, ended };
}

export interface EndedCommand {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** A command that speaks to the platform of a state, to its end. */
export async function farthingOn(state: string, ...args: readonly string[]): Promise<EndedCommand> {
  const { output, ended } = runFarthing(...args, "--state", state);
  return { code: await ended, ...output };
}

/** Command lines of the processes that run from a state: execution environments and their keeper. */
export function processesOf(state: string): readonly string[] {
  const marks = [workDirectoryOf(resolve(state)), realpathSync(state)];
  return execFileSync("ps", ["-eo", "args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => marks.some((mark) => line.includes(mark)));
}
