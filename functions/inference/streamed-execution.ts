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

function mode(
  { middyRequest, runRequest }: Machinery,
  before: Middlewares,
  initialHandler: Run,
  after: Middlewares,
  onError: Middlewares,
  plugin: unknown,
) {
  let handler = initialHandler;
  const middy = awslambda.streamifyResponse<unknown, Promise<void>>(async (event, stream, context) => {
    const answer = await runRequest(middyRequest(event, context), before, handler, after, onError, plugin);
    await writeAnswer(stream, answer);
  });
  return Object.assign(middy, {
    handler(replacement: Run) {
      handler = replacement;
      return middy;
    },
  });
}

export const streamedExecution = mode as unknown as PluginExecutionMode;
