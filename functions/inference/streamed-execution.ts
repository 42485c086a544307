/**
 * Middy's execution mode for answers that are streams of bytes. Middy's own writes strings and Node streams; our answers
 * mostly lie ready as one buffer, for which a stream pipeline would cost more than all the rest of a request.
 */

import type { PluginExecutionMode } from "@middy/core";
import type {} from "aws-lambda";
import { type Answer, writeAnswer } from "./edges/answer-stream.ts";

type Run = (event: unknown, context: unknown, options: { readonly signal: AbortSignal }) => Promise<Answer>;

/** What middy hands to an execution mode; its types do not say (@middy/core/executionModeStreamifyResponse.js does). */
type Middlewares = readonly ((request: unknown) => unknown)[];
interface Machinery {
  middyRequest(event: unknown, context: unknown): unknown;
  runRequest(
    request: unknown,
    before: Middlewares,
    handler: Run,
    after: Middlewares,
    onError: Middlewares,
    plugin: unknown,
  ): Promise<Answer>;
}

type Parts = [
  machinery: Machinery,
  before: Middlewares,
  handler: Run,
  after: Middlewares,
  onError: Middlewares,
  plugin: unknown,
];

/**
 * `settled` resolves when what was logged is written, `idle` when all is that a process writes; undefined when nothing is on its
 * way. A process may be frozen the moment its answer is complete: the log is waited for before the answer, and everything
 * behind it.
 */
export function streamedExecution(
  settled: () => Promise<void> | undefined,
  idle: () => Promise<unknown> | undefined,
): PluginExecutionMode {
  const mode = (...[machinery, before, initialHandler, after, onError, plugin]: Parts) => {
    const { middyRequest, runRequest } = machinery;
    let handler = initialHandler;
    const middy = awslambda.streamifyResponse<unknown, Promise<void>>(async (event, stream, context) => {
      const answer = await runRequest(middyRequest(event, context), before, handler, after, onError, plugin);
      await settled();
      try {
        await writeAnswer(stream, answer);
      } finally {
        // Also where nobody reads any more: what runs once is made to its end (core/idempotency).
        await idle();
      }
    });
    return Object.assign(middy, {
      handler(replacement: Run) {
        handler = replacement;
        return middy;
      },
    });
  };
  return mode as unknown as PluginExecutionMode;
}
