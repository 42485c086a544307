const POOL_BYTES = 4096;

/** Random bytes in small pieces, drawn from the system many at a time. */
export class RandomPool {
  readonly #draw: (bytes: number) => Buffer;
  #pool: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(draw: (bytes: number) => Buffer) {
    this.#draw = draw;
  }

  /** At most 4,096; no byte is given twice. */
  take(bytes: number): Buffer {
    if (this.#at + bytes > this.#pool.length) {
      this.#pool = this.#draw(POOL_BYTES);
      this.#at = 0;
    }
    this.#at += bytes;
    return this.#pool.subarray(this.#at - bytes, this.#at);
  }
}
