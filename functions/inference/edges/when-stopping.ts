/** Where a runtime of our own looks before it ends a thread (local/lambda/runtime/bootstrap.mjs). */
const STOPPING = Symbol.for("farthing.stopping");

/**
 * Has `close` called before this process, or this thread of it, ends in peace. Lambda says so by SIGTERM where an extension is
 * registered, and else kills; threads never get a signal.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
 */
export function whenStopping(close: () => Promise<void>): void {
  (globalThis as { [STOPPING]?: () => Promise<void> })[STOPPING] = close;
  process.once("SIGTERM", () => void close().finally(() => process.exit(0)));
}
