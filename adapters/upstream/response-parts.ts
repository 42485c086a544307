/**
 * The bytes of an answer as they come, at the reader's pace. Unlike a Node stream's own iterator it leaves the connection alone when
 * its reader stops: that one closes it, although an event stream is over for its reader a moment before it is for HTTP, and
 * every answer would cost the next one a connection.
 */
import type { IncomingMessage } from "node:http";

/** `onFirst`: when the first bytes are there. Rejects when the answer breaks off. */
export function responseParts(response: IncomingMessage, onFirst: () => void = () => {}): AsyncIterable<Buffer> {
  let hasBegun = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const woken = (): void => {
    wake?.();
    wake = undefined;
  };
  response.on("readable", woken);
  response.on("end", woken);
  response.on("close", woken);
  response.on("error", (error) => {
    failure = error;
    woken();
  });

  async function next(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      const part = response.read() as Buffer | null;
      if (part !== null) {
        if (!hasBegun) onFirst();
        hasBegun = true;
        return { value: part, done: false };
      }
      if (failure !== undefined) throw failure;
      if (response.readableEnded) return { value: undefined, done: true };
      if (response.destroyed) throw new Error("the connection was closed within the answer");
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  const iterator: AsyncIterator<Buffer> = {
    next,
    return: async () => ({ value: undefined, done: true }),
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** How long an answer may take to end after its reader has all that it waited for. */
const END_WITHIN_MILLIS = 1_000;

/** Reads what is left of an answer, so that its connection can serve the next one; closes it where there is no end. */
export function drain(response: IncomingMessage): void {
  if (response.complete && response.readableEnded) return;
  const timer = setTimeout(() => response.destroy(), END_WITHIN_MILLIS);
  timer.unref();
  response.once("close", () => clearTimeout(timer));
  response.removeAllListeners("readable");
  response.resume();
}
