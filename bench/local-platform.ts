/** The local platform as a child process: benchmarks measure what is deployed, not a second wiring of it. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { pinnedTo } from "./pinning.ts";

const root = resolve(import.meta.dirname, "..");
const READY_WITHIN_MILLIS = 120_000;

export interface LocalPlatform {
  readonly url: string;
  readonly apiKey: string;
  readonly pid: number;
  readonly stateDirectory: string;
  /** From the start of the process to the answer to its first request. */
  readonly startMillis: number;
  stop(): Promise<void>;
}

interface Ready {
  readonly url: string;
  readonly apiKey: string;
  readonly pid: number;
}

export interface PlatformProcess {
  /** Cores, as `taskset -c` takes them. Default: all. */
  readonly cpus?: string;
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startPlatform(
  options: readonly string[] = [],
  { cpus, environment }: PlatformProcess = {},
): Promise<LocalPlatform> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "farthing-bench-"));
  const readyFile = join(stateDirectory, "ready.json");
  const startedAt = performance.now();
  const arguments_ = [
    "cli/farthing.ts",
    "up",
    "--port",
    "0",
    "--state",
    stateDirectory,
    "--ready-file",
    readyFile,
    ...options,
  ];
  const prefix = cpus === undefined ? [] : pinnedTo(cpus.split(",").map(Number));
  const [command, ...parameters] = [...prefix, process.execPath, ...arguments_];
  const child = spawn(command as string, parameters, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-4_000);
  });
  while (!existsSync(readyFile)) {
    if (child.exitCode !== null) throw new Error(`farthing up ended with ${child.exitCode}:\n${complaints}`);
    if (performance.now() - startedAt > READY_WITHIN_MILLIS)
      throw new Error(`farthing up was not ready in time:\n${complaints}`);
    await sleep(20);
  }
  const ready = JSON.parse(readFileSync(readyFile, "utf8")) as Ready;
  return {
    ...ready,
    stateDirectory,
    startMillis: performance.now() - startedAt,
    async stop() {
      // One that has died by itself says so in what is measured.
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolveEnded) => child.once("exit", resolveEnded));
        child.kill("SIGTERM");
        await ended;
      } else
        process.stderr.write(`farthing up ended by itself (${child.exitCode ?? child.signalCode}):\n${complaints}\n`);
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

/** Another command of the CLI; rejects with its own words. */
export async function farthing(options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["cli/farthing.ts", ...options], { cwd: root });
  return stdout;
}
