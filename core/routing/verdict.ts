/** What a failure says: about the target, and about trying again. */
import type { ErrorCode } from "../errors.ts";

export interface Verdict {
  /** Counts against the target. */
  readonly blames: boolean;
  /** Another target may do better. */
  readonly goesOn: boolean;
  /** The same target may, too: some engines answer from several copies. */
  readonly retries: boolean;
}

const CALLERS_FAULT: Verdict = { blames: false, goesOn: false, retries: false };

const VERDICTS: Partial<Record<ErrorCode, Verdict>> = {
  // It does what it can; to ask again at once would only lengthen its queue.
  overloaded: { blames: false, goesOn: true, retries: false },
  dependency_unavailable: { blames: true, goesOn: true, retries: true },
  model_not_ready: { blames: false, goesOn: true, retries: false },
  internal: { blames: true, goesOn: true, retries: false },
  // Nobody waits any more.
  deadline_exceeded: { blames: true, goesOn: false, retries: false },
};

export const verdictOn = (code: ErrorCode): Verdict => VERDICTS[code] ?? CALLERS_FAULT;
