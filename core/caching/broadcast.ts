/**
 * One stream for many readers, who may come late: it is read as fast as it comes, whatever its readers do, and stopped when the
 * last of them has left. Answers are short texts: what was read is kept until the end.
 */
export interface Broadcast<T> {
  /** From the first element on. Throws what the source throws. To be read, or returned, once. */
  reader(): AsyncIterableIterator<T>;
}

export interface BroadcastEnd {
  readonly type: "ended" | "failed" | "abandoned";
}

export function broadcast<T>(source: AsyncIterable<T>, onEnd: (end: BroadcastEnd) => void): Broadcast<T> {
  const elements: T[] = [];
  let end: (BroadcastEnd & { readonly error?: unknown }) | undefined;
  let waiting: (() => void)[] = [];
  let readers = 0;
  const iterator = source[Symbol.asyncIterator]();

  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  };

  function finish(how: BroadcastEnd & { readonly error?: unknown }): void {
    if (end !== undefined) return;
    end = how;
    onEnd({ type: how.type });
    wake();
  }

  async function pump(): Promise<void> {
    try {
      for (let next = await iterator.next(); !next.done && end === undefined; next = await iterator.next()) {
        elements.push(next.value);
        wake();
      }
      finish({ type: "ended" });
    } catch (error) {
      finish({ type: "failed", error });
    }
  }

  function leave(): void {
    readers--;
    if (readers > 0 || end !== undefined) return;
    finish({ type: "abandoned", error: new Error("nobody reads any more") });
    iterator.return?.().then(undefined, () => {});
  }

  void pump();
  return {
    reader() {
      readers++;
      let at = 0;
      let isDone = false;
      const done = (): IteratorReturnResult<undefined> => {
        if (!isDone) leave();
        isDone = true;
        return { value: undefined, done: true };
      };
      return {
        [Symbol.asyncIterator]() {
          return this;
        },
        async next() {
          for (;;) {
            if (isDone) return done();
            if (at < elements.length) return { value: elements[at++] as T, done: false };
            if (end === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
            else if (end.type === "ended") return done();
            else {
              done();
              throw end.error;
            }
          }
        },
        async return() {
          return done();
        },
      };
    },
  };
}
