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

export const deadlineExceeded = (): FarthingError =>
  new FarthingError("deadline_exceeded", "The answer did not come within the time that this deployment allows a request.", {
    retryAfterSeconds: 1,
  });
