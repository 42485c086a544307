/** Where a runtime of our own puts it (local/lambda/runtime/bootstrap.mjs); a Lambda function is never told. */
const CALLER_SIGNAL = Symbol.for("farthing.caller-signal");

/** Aborted when the caller goes away; undefined where nobody tells. */
export const callerSignal = (context: object): AbortSignal | undefined =>
  (context as { readonly [CALLER_SIGNAL]?: AbortSignal })[CALLER_SIGNAL];
