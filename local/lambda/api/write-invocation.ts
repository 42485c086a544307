import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { InvocationResult } from "../../simulator.ts";
import { isFunctionFailure } from "../function-failure.ts";
import { invokeComplete, payloadChunk } from "./event-stream.ts";

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax */
export async function writeBuffered(
  response: ServerResponse,
  result: InvocationResult,
  version: string,
): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of result.body) chunks.push(chunk);
  const payload = Buffer.concat(chunks);
  response.writeHead(200, {
    "content-type":
      result.functionError === undefined ? (result.contentType ?? "application/json") : "application/json",
    "content-length": payload.length,
    "x-amz-executed-version": version,
    ...(result.functionError === undefined ? {} : { "x-amz-function-error": result.functionError }),
  });
  response.end(payload);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html#API_InvokeWithResponseStream_ResponseSyntax */
export async function writeEventStream(
  response: ServerResponse,
  result: InvocationResult,
  version: string,
): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amz-executed-version": version,
  });
  response.flushHeaders();
  const gone = once(response, "close");
  const failed: Uint8Array[] = [];
  try {
    for await (const chunk of result.body) {
      if (result.functionError !== undefined) failed.push(chunk);
      else if (!response.write(payloadChunk(chunk))) await Promise.race([once(response, "drain"), gone]);
      // The caller went away; the function does not notice.
      if (response.destroyed) return;
    }
    response.write(
      invokeComplete(
        result.functionError === undefined
          ? undefined
          : { code: result.functionError, details: Buffer.concat(failed).toString("utf8") },
      ),
    );
  } catch (error) {
    if (!isFunctionFailure(error)) throw error;
    const { document } = error;
    response.write(invokeComplete({ code: document.errorType, details: JSON.stringify(document) }));
  }
  response.end();
}
