import { FarthingError } from "../errors.ts";

/** Nothing ran. */
export const dependencyUnavailable = (cause: unknown): FarthingError =>
  new FarthingError(
    "dependency_unavailable",
    "The record of requests with an Idempotency-Key does not answer at the moment; nothing ran and nothing was charged.",
    { retryAfterSeconds: 2, cause },
  );

export const INTERRUPTED_TEXT =
  "The process that answered this request ended before the answer did. What was delivered is charged; nothing runs again under this Idempotency-Key, so ask again with a new one.";

export const interrupted = (): FarthingError => new FarthingError("interrupted", INTERRUPTED_TEXT);
