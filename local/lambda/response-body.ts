/** Bytes that wait for a slow consumer before the producer is asked to pause; as much as a socket of Node buffers. */
const HIGH_WATER_BYTES = 64 * 1024;

type End = { readonly type: "open" } | { readonly type: "ended" } | { readonly type: "failed"; readonly error: Error };

/**
 * The answer of a function on its way to one consumer. The consumer's pace holds the producer back; a consumer that
 * leaves does not: as in Lambda, the function then writes into the void.
 */
export class ResponseBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #end: End = { type: "open" };
  #abandoned = false;
  #begun = false;
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | undefined;
  /** Called when there is room again, or when nobody will read on. */
  onDrain: (() => void) | undefined;

  /** False: wait for `onDrain`. */
  push(chunk: Uint8Array): boolean {
    if (this.#abandoned || chunk.length === 0) return true;
    if (this.#waiting !== undefined) {
      this.#settle({ done: false, value: chunk });
      return true;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes < HIGH_WATER_BYTES;
  }

  /** Drops what nobody has read yet. */
  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }

  /** All of it, if it lies here to its end and nobody has begun to read; then it is taken. Else undefined. */
  takeWhole(): readonly Uint8Array[] | undefined {
    if (this.#end.type !== "ended" || this.#begun) return undefined;
    const chunks = this.#chunks;
    this.clear();
    return chunks;
  }

  end(): void {
    if (this.#end.type !== "open") return;
    this.#end = { type: "ended" };
    if (this.#waiting !== undefined) this.#settle({ done: true, value: undefined });
  }

  /** What was pushed before is still delivered. */
  fail(error: Error): void {
    if (this.#end.type !== "open") return;
    this.#end = { type: "failed", error };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#begun = true;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bytes -= chunk.length;
      if (this.#chunks.length === 0) this.onDrain?.();
      return Promise.resolve({ done: false, value: chunk });
    }
    switch (this.#end.type) {
      case "ended":
        return Promise.resolve({ done: true, value: undefined });
      case "failed":
        return Promise.reject(this.#end.error);
      case "open":
        this.#waiting ??= Promise.withResolvers();
        return this.#waiting.promise;
    }
  }

  /** Nobody reads on; a `next` that waits is done. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#abandoned = true;
    this.clear();
    this.onDrain?.();
    if (this.#waiting !== undefined) this.#settle({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  #settle(result: IteratorResult<Uint8Array, undefined>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(result);
  }
}
