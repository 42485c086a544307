/**
 * The claim of one process on making an answer, while all others wait for it. Held by a token that nobody else has; it runs out
 * unless its holder lives, and what the holder writes is named after the token: whoever replaces it writes elsewhere.
 */
import type { Clock } from "../serving/clock.ts";
import type { BoundedStore } from "./bounded-store.ts";

/** A holder that says nothing for this long is taken for dead. */
export const CLAIM_MILLIS = 4_000;
/** Often enough that two signs of life may be lost. */
const SIGN_MILLIS = 1_000;
/** How long a stream may still be read once it has ended; its readers look every few milliseconds. */
export const LOG_MILLIS = 30_000;

export const claimName = (answer: string): string => `${answer}:claim`;
export const logName = (answer: string, token: string): string => `${answer}:log:${token}`;

export interface Claim {
  readonly answer: string;
  readonly token: string;
  /** Gives it up; what was written for others is removed unless it is complete. */
  release(outcome: "complete" | "broken"): Promise<void>;
}

export function holdClaim(store: BoundedStore, clock: Clock, answer: string, token: string): Claim {
  const name = claimName(answer);
  let isHeld = true;
  let cancel = clock.after(SIGN_MILLIS, sign);

  function sign(): void {
    void store.tell(async (shared) => {
      if (isHeld && !(await shared.extend(name, token, CLAIM_MILLIS))) isHeld = false;
    });
    if (isHeld) cancel = clock.after(SIGN_MILLIS, sign);
  }

  return {
    answer,
    token,
    async release(outcome) {
      isHeld = false;
      cancel();
      if (outcome === "broken") await store.tell((shared) => shared.frames.remove(logName(answer, token)));
      await store.tell((shared) => shared.release(name, token));
    },
  };
}
