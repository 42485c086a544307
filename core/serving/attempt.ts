/** One try at one target; a list of them is the story of a request. */
import type { ErrorCode } from "../errors.ts";

export type AttemptOutcome = "answered" | "skipped" | "abandoned" | ErrorCode;

export interface Attempt {
  /** Name of the target. */
  readonly target: string;
  /** `skipped`: its breaker is open; `abandoned`: another one was faster. */
  readonly outcome: AttemptOutcome;
  /** Model, where it is not the one that was asked for. */
  readonly standIn?: string;
}

/** For a response header: `endpoint:chat=dependency_unavailable, http:rack(small)=answered`. */
export const explained = (attempts: readonly Attempt[]): string =>
  attempts
    .map(({ target, outcome, standIn }) => `${target}${standIn === undefined ? "" : `(${standIn})`}=${outcome}`)
    .join(", ");
