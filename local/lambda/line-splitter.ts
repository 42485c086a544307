const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines, each without its line feed. A line that is longer than `maxBytes` comes in pieces,
 * so that output without line feeds takes no more memory than that.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #maxBytes: number;
  #partial: Buffer[] = [];
  #partialBytes = 0;

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    while (start < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline < 0 ? chunk.length : newline;
      this.#append(chunk.subarray(start, end));
      if (newline < 0) return;
      this.#emit(false);
      start = newline + 1;
    }
  }

  /** What came after the last line feed. */
  end(): void {
    this.#emit(true);
  }

  #append(piece: Buffer): void {
    let rest = piece;
    while (this.#partialBytes + rest.length > this.#maxBytes) {
      const room = this.#maxBytes - this.#partialBytes;
      this.#partial.push(rest.subarray(0, room));
      this.#emit(true);
      rest = rest.subarray(room);
    }
    if (rest.length === 0) return;
    this.#partial.push(rest);
    this.#partialBytes += rest.length;
  }

  #emit(onlyIfAny: boolean): void {
    if (onlyIfAny && this.#partial.length === 0) return;
    const [only] = this.#partial;
    const line = this.#partial.length === 1 && only ? only : Buffer.concat(this.#partial);
    this.#partial = [];
    this.#partialBytes = 0;
    this.#onLine(line.toString("utf8"));
  }
}
