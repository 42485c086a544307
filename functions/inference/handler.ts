/** The serving function: an event in, an answer out. Everything that decides is in core, everything that reaches out in adapters. */
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { compose } from "./composition.ts";
import type { Answer } from "./edges/answer-stream.ts";
import { callerSignal } from "./edges/caller-signal.ts";
import { receive } from "./edges/received.ts";
import { whenStopping } from "./edges/when-stopping.ts";
import { parseEnvironment } from "./environment.ts";
import { streamedExecution } from "./streamed-execution.ts";

/** Time that is left to write an answer that came too late down, and to send it. */
const RESERVE_MILLIS = 250;

const serving = await compose(parseEnvironment(process.env), process.env);
// Part of the start: Lambda gives it two processors and does not send a request before it is done.
await serving.preload();

whenStopping(serving.close);

/** INIT as the process sees it; billed with the first request only where Lambda starts environments on demand. */
const billedInitMillis = process.env.AWS_LAMBDA_INITIALIZATION_TYPE === "on-demand" ? performance.now() : undefined;

let coldStart = true;

async function answer(event: unknown, context: Context): Promise<Answer> {
  const received = receive(event);
  const requestId = context.awsRequestId;
  const isFirst = coldStart;
  coldStart = false;
  if (received.type === "forwarded") {
    if (serving.answerForwarded === undefined) throw new Error("this deployment holds no models to forward to");
    return { type: "frames", bytes: await serving.answerForwarded(received.event, requestId) };
  }
  const deadlineMillis = Date.now() + context.getRemainingTimeInMillis() - RESERVE_MILLIS;
  if (received.type === "job") {
    if (serving.answerJob === undefined) throw new Error("this deployment takes no jobs");
    await serving.answerJob(received.event, { deadlineMillis, coldStart: isFirst });
    return { type: "frames", bytes: new Uint8Array(0) };
  }
  const signal = callerSignal(context);
  const response = await serving.api(received.request, {
    requestId,
    deadlineMillis,
    coldStart: isFirst,
    ...(isFirst && billedInitMillis !== undefined && { initMillis: billedInitMillis }),
    ...(signal && { signal }),
  });
  return { type: "http", response };
}

export const handler = middy({
  executionMode: streamedExecution(serving.settled, serving.idle),
  // The deadline is kept in core, in the protocol's own form of error.
  timeoutEarlyInMillis: 0,
}).handler(answer);
