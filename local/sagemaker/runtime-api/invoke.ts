/** InvokeEndpoint and InvokeEndpointWithResponseStream: the answer of a copy, whole or as it comes. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { isServiceError } from "../../endpoint/service-error.ts";
import { answerHeaders, type CopyAnswer, callCopy, type RuntimeServices } from "./call-copy.ts";
import { partsOf, payloadPart, type StreamFailure, streamFailure } from "./event-stream-parts.ts";
import { type FaultName, STREAM_FAULT } from "./faults.ts";
import type { Invocation } from "./invocation.ts";
import { HUNG_UP, TIMED_OUT } from "./model-error.ts";

export async function invoke(
  invocation: Invocation,
  body: Uint8Array,
  response: ServerResponse,
  services: RuntimeServices,
): Promise<void> {
  const { options } = services;
  const started = performance.now();
  const callerGone = goneSignal(response);
  await measured(invocation, services, false, async () => {
    const answer = await callCopy(
      invocation,
      body,
      { timeoutMillis: options.responseTimeoutMillis, callerGone },
      services,
    );
    try {
      const payload = await whole(answer, options.maxPayloadBytes);
      response.writeHead(200, {
        "content-type": answer.head.headers["content-type"] ?? "application/octet-stream",
        "content-length": payload.length,
        ...answerHeaders(answer, invocation),
      });
      response.end(payload);
      return {
        modelMillis: answer.modelMillis,
        overheadMillis: performance.now() - started - answer.modelMillis,
        broke: false,
      };
    } finally {
      answer.finish();
    }
  });
}

export async function invokeWithResponseStream(
  invocation: Invocation,
  body: Uint8Array,
  response: ServerResponse,
  services: RuntimeServices,
  fault: FaultName | undefined,
): Promise<void> {
  const { options } = services;
  const started = performance.now();
  const callerGone = goneSignal(response);
  await measured(invocation, services, true, async () => {
    const answer = await callCopy(
      invocation,
      body,
      { timeoutMillis: options.streamTimeoutMillis, callerGone },
      services,
    );
    try {
      response.writeHead(200, {
        "content-type": "application/vnd.amazon.eventstream",
        "x-amzn-sagemaker-content-type": answer.head.headers["content-type"] ?? "application/octet-stream",
        ...answerHeaders(answer, invocation),
      });
      response.flushHeaders();
      const overheadMillis = performance.now() - started - answer.modelMillis;
      const failure = await forward(answer, response, callerGone, options.streamPartBytes, fault);
      if (failure !== undefined) response.write(streamFailure(failure));
      response.end();
      return { modelMillis: answer.modelMillis, overheadMillis, broke: failure !== undefined };
    } finally {
      answer.finish();
    }
  });
}

/** Sends what comes, at the pace of the caller; answers how the stream failed, if it did. */
async function forward(
  answer: CopyAnswer,
  response: ServerResponse,
  callerGone: AbortSignal,
  partBytes: number,
  fault: FaultName | undefined,
): Promise<StreamFailure | undefined> {
  const gone = once(response, "close");
  try {
    for await (const chunk of answer.head as AsyncIterable<Buffer>) {
      let room = true;
      for (const part of partsOf(chunk, partBytes)) room = response.write(payloadPart(part));
      if (!room) await Promise.race([once(response, "drain"), gone]);
      if (callerGone.aborted) return undefined;
      if (fault === STREAM_FAULT) {
        return {
          type: "InternalStreamFailure",
          message:
            "The stream processing failed because of an unknown error, exception or failure. Try your request again.",
        };
      }
    }
    return undefined;
  } catch {
    if (callerGone.aborted) return undefined;
    const timedOut = answer.timedOut();
    return {
      type: "ModelStreamError",
      errorCode: timedOut ? "ModelInvocationTimeExceeded" : "StreamBroken",
      message: timedOut
        ? "The model failed to finish sending the response within the timeout period allowed by Amazon SageMaker AI."
        : "The Transmission Control Protocol (TCP) connection between the client and the model was reset or closed.",
    };
  }
}

async function whole(answer: CopyAnswer, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.head as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) break;
    }
  } catch {
    throw answer.failure(answer.timedOut() ? TIMED_OUT : HUNG_UP);
  }
  if (bytes > maxBytes) {
    throw answer.failure({ status: 0, message: `The response of container primary is larger than ${maxBytes} bytes.` });
  }
  return Buffer.concat(chunks, bytes);
}

/** Aborts the container's work when the caller has gone: there is nobody to answer. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

interface Measured {
  readonly modelMillis: number;
  readonly overheadMillis: number;
  readonly broke: boolean;
}

async function measured(
  { workload }: Invocation,
  { metrics }: RuntimeServices,
  streamed: boolean,
  work: () => Promise<Measured>,
): Promise<void> {
  try {
    const { broke, ...times } = await work();
    metrics.invocation(workload, { status: 200, streamed, brokeMidStream: broke, ...times });
  } catch (error) {
    const status = isServiceError(error) ? error.status : 500;
    metrics.invocation(workload, { status, streamed, brokeMidStream: false, modelMillis: 0, overheadMillis: 0 });
    throw error;
  }
}
