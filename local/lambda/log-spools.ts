import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LineSplitter } from "./line-splitter.ts";

/** What a line of a spool holds, by its first letter (runtime/log-spool.mjs). */
export interface SpooledLines {
  onLog(line: string): void;
  /** JSON. */
  onNews(text: string): void;
}

interface Spool {
  readonly descriptor: number;
  readonly lines: LineSplitter;
  read: number;
}

const PIECE_BYTES = 1024 * 1024;
/** Nothing in a spool is longer; whatever is comes in pieces. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** The files in which the threads of one environment leave their lines. */
export class LogSpools {
  readonly directory: string;
  readonly #lines: SpooledLines;
  readonly #spools = new Map<string, Spool>();

  constructor(directory: string, lines: SpooledLines) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.directory = directory;
    this.#lines = lines;
  }

  /** Reads what has come to this file, and to its predecessors, which are complete then. */
  read(path: string): void {
    const known = this.#spools.get(path) ?? this.#open(path);
    for (const [older, spool] of this.#spools) {
      if (older === path || threadOf(older) !== threadOf(path)) continue;
      this.#readOn(spool);
      this.#close(older, spool);
    }
    this.#readOn(known);
  }

  /** Reads everything that is there, and removes it: the process that wrote it has ended. */
  end(): void {
    for (const name of readdirSync(this.directory)) {
      const path = join(this.directory, name);
      if (!this.#spools.has(path)) this.#open(path);
    }
    for (const [path, spool] of this.#spools) {
      this.#readOn(spool);
      spool.lines.end();
      this.#close(path, spool);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #open(path: string): Spool {
    const spool: Spool = {
      descriptor: openSync(path, "r"),
      lines: new LineSplitter(MAX_LINE_BYTES, (line) =>
        line.startsWith("N") ? this.#lines.onNews(line.slice(1)) : this.#lines.onLog(line.slice(1)),
      ),
      read: 0,
    };
    this.#spools.set(path, spool);
    return spool;
  }

  #readOn(spool: Spool): void {
    const { size } = fstatSync(spool.descriptor);
    while (spool.read < size) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - spool.read));
      const bytes = readSync(spool.descriptor, piece, 0, piece.length, spool.read);
      if (bytes === 0) return;
      spool.read += bytes;
      spool.lines.push(piece.subarray(0, bytes));
    }
  }

  #close(path: string, spool: Spool): void {
    this.#spools.delete(path);
    closeSync(spool.descriptor);
    rmSync(path, { force: true });
  }
}

/** `<thread>-<number>.log` */
const threadOf = (path: string) => path.slice(0, path.lastIndexOf("-"));
