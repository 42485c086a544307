import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { MAX_LOG_LINE_BYTES } from "./limits.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { Reaper } from "./reaper.ts";

export interface ProcessExit {
  /** Exit status, when the process ended by itself. */
  readonly status?: number;
  /** `SIGKILL` */
  readonly signal?: string;
}

export interface SandboxCommand {
  readonly node: string;
  readonly arguments: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  onLine(line: string): void;
  onExit(exit: ProcessExit): void;
}

/** A turn reads up to 64 KiB of each pipe: enough for what a pipe holds, few enough for a process that never stops writing. */
const MAX_READING_TURNS = 64;
const OUTPUT_AFTER_EXIT_MILLIS = 500;

/** The operating system's side of an execution environment: one process that leads a group of its own. */
export class SandboxProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  #frozen = false;
  #ended = false;
  #outputBytes = 0;

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>, command: SandboxCommand, reaper: Reaper) {
    this.pid = child.pid as number;
    reaper.watch(this.pid);
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new LineSplitter(MAX_LOG_LINE_BYTES, command.onLine);
      stream.on("data", (chunk: Buffer) => {
        this.#outputBytes += chunk.length;
        lines.push(chunk);
      });
      stream.on("end", () => lines.end());
    }
    this.exited = new Promise((resolve) => {
      child.once("exit", (status, signal) => {
        this.#ended = true;
        reaper.forget(this.pid);
        // Children of the function are part of the environment and end with it.
        signalGroup(this.pid, "SIGKILL");
        const exit = signal === null ? { status: status ?? 0 } : { signal };
        // `close` follows when the output is read to its end, unless somebody who left the group holds it open.
        const late = setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, OUTPUT_AFTER_EXIT_MILLIS);
        child.once("close", () => {
          clearTimeout(late);
          command.onExit(exit);
          resolve(exit);
        });
      });
    });
  }

  /** Rejects when the process cannot be started. */
  static start(command: SandboxCommand, reaper: Reaper): Promise<SandboxProcess> {
    const child = spawn(command.node, command.arguments, {
      cwd: command.directory,
      env: command.environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    if (child.pid !== undefined) return Promise.resolve(new SandboxProcess(child, command, reaper));
    return new Promise((_, reject) => {
      child.once("error", (error) => {
        reject(new Error(`An execution environment could not be started with ${command.node}: ${error.message}`));
      });
    });
  }

  freeze(): void {
    if (this.#frozen || this.#ended) return;
    this.#frozen = true;
    signalGroup(this.pid, "SIGSTOP");
  }

  thaw(): void {
    if (!this.#frozen || this.#ended) return;
    this.#frozen = false;
    signalGroup(this.pid, "SIGCONT");
  }

  /** Also ends a frozen process: SIGKILL needs no thaw. */
  kill(): void {
    if (!this.#ended) signalGroup(this.pid, "SIGKILL");
  }

  /**
   * Resolves when everything that was written to stdout and stderr before the call has been read: pipes are written
   * synchronously, so it lies in the pipe already, and a turn of the event loop without new bytes means that it is empty.
   */
  async outputRead(): Promise<void> {
    for (let turn = 0; turn < MAX_READING_TURNS; turn++) {
      const before = this.#outputBytes;
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#outputBytes === before || this.#ended) return;
    }
  }
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // Nobody left in the group; macOS says EPERM when only the dead are.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
