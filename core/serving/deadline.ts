import { FarthingError } from "../errors.ts";
import type { Clock } from "./clock.ts";

/**
 * The work's result, or `deadline_exceeded` once nobody waits for it any more. The work itself is not stopped: a version
 * that is still loading when its first caller gives up serves the next one.
 */
export function withDeadline<T>(work: Promise<T>, deadlineMillis: number, clock: Clock): Promise<T> {
  const remaining = deadlineMillis - clock.epochMillis();
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(Math.max(0, remaining), () => reject(deadlineExceeded()));
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error) => {
        cancel();
        reject(error);
      },
    );
  });
}

/**
 * The same for each event of a stream, which is stopped. One timer for all of them: tokens come by the thousand, and each would
 * set and clear one.
 */
export async function* eventsWithin<T>(
  events: AsyncIterable<T>,
  deadlineMillis: number,
  clock: Clock,
): AsyncGenerator<T> {
  const iterator = events[Symbol.asyncIterator]();
  let cancel: (() => void) | undefined;
  /** Present while an event is waited for. */
  let giveUp: ((error: FarthingError) => void) | undefined;

  function next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      giveUp = reject;
      cancel ??= clock.after(Math.max(0, deadlineMillis - clock.epochMillis()), () => {
        cancel = undefined;
        giveUp?.(deadlineExceeded());
      });
      iterator.next().then(resolve, reject);
    });
  }

  try {
    for (;;) {
      const { value, done } = await next();
      giveUp = undefined;
      if (done) return;
      yield value;
    }
  } finally {
    cancel?.();
    const stopped = iterator.return?.();
    // What does not answer would not answer to this either.
    if (giveUp !== undefined) stopped?.then(undefined, () => {});
    else await stopped;
  }
}

export const deadlineExceeded = (): FarthingError =>
  new FarthingError(
    "deadline_exceeded",
    "The answer did not come within the time that this deployment allows a request.",
    {
      retryAfterSeconds: 1,
    },
  );
