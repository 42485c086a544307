import { closeSync, openSync, readSync } from "node:fs";

/** The anonymous memory of a process: what it has for itself, without the pages of mapped files. */
export interface MemoryReader {
  /** Bytes; undefined when the process is gone or the system has no /proc (macOS). */
  read(): number | undefined;
  close(): void;
}

const NONE: MemoryReader = { read: () => undefined, close: () => undefined };
const RESIDENT_PAGES = 1;
const SHARED_PAGES = 2;
/** Linux counts in pages of 4 KiB on x86-64 and, but for rare kernels, on arm64. */
const PAGE_BYTES = 4096;

/** https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html */
export function openMemoryReader(pid: number): MemoryReader {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/statm`, "r");
  } catch {
    return NONE;
  }
  const buffer = Buffer.alloc(128);
  return {
    read() {
      try {
        const length = readSync(file, buffer, 0, buffer.length, 0);
        const fields = buffer.toString("latin1", 0, length).split(" ");
        const pages = Number(fields[RESIDENT_PAGES]) - Number(fields[SHARED_PAGES]);
        return Number.isFinite(pages) ? pages * PAGE_BYTES : undefined;
      } catch {
        return undefined;
      }
    },
    close: () => closeSync(file),
  };
}

const MEGABYTE = 1024 * 1024;

/** Follows the memory of one environment's processes while they work, and says when it goes over the limit. */
export class MemoryWatch {
  readonly #limitBytes: number;
  readonly #everyMillis: number;
  readonly #onExceeded: () => void;
  #reader: MemoryReader = NONE;
  #timer: NodeJS.Timeout | undefined;
  #maxBytes = 0;

  /** `everyMillis` 0: only measured when asked. */
  constructor(limitMegabytes: number, everyMillis: number, onExceeded: () => void) {
    this.#limitBytes = limitMegabytes * MEGABYTE;
    this.#everyMillis = everyMillis;
    this.#onExceeded = onExceeded;
  }

  get maxMegabytes(): number {
    return Math.ceil(this.#maxBytes / MEGABYTE);
  }

  follow(pid: number): void {
    this.#reader = openMemoryReader(pid);
    this.resume();
  }

  resume(): void {
    clearTimeout(this.#timer);
    if (this.#everyMillis === 0) return;
    this.#timer = setTimeout(() => {
      this.sample();
      if (this.#maxBytes > this.#limitBytes) this.#onExceeded();
      else this.resume();
    }, this.#everyMillis);
  }

  sample(): void {
    this.#maxBytes = Math.max(this.#maxBytes, this.#reader.read() ?? 0);
  }

  pause(): void {
    clearTimeout(this.#timer);
  }

  /** The process has ended. */
  leave(): void {
    this.pause();
    this.#reader.close();
    this.#reader = NONE;
  }
}
