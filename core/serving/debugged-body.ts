/**
 * A tenant's request and answer as they stand in the log while its debug switch is on, and only then: nothing else in
 * Farthing logs a prompt or an answer. Cut at a size that fits a log event.
 */
import type { HttpRequest, HttpResponse } from "../protocols/spec/http.ts";
import { isStream } from "./counted-body.ts";

export interface DebugLine {
  readonly debug: "farthing.debug/1";
  readonly requestId: string;
  readonly tenant: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly request: LoggedBody;
  readonly status: number;
  readonly answer: LoggedBody;
}

export type LoggedBody = { readonly bytes: number } & ({ readonly text: string } | { readonly base64: string });

/** Of each, request and answer. Lambda cuts log lines at 256 kB: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
export const MAX_LOGGED_BYTES = 48 * 1024;

export interface DebuggedCall {
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly tenant: string;
  readonly key: string;
}

/** Calls `emit` once, when the answer is complete or has broken off, before its last byte is on its way. */
export function debuggedBody(
  response: HttpResponse,
  { request, requestId, tenant, key }: DebuggedCall,
  emit: (line: DebugLine) => void,
): HttpResponse {
  const { body, status } = response;
  const tell = (answer: LoggedBody) =>
    emit({
      debug: "farthing.debug/1",
      requestId,
      tenant,
      key,
      method: request.method,
      path: request.path,
      request: loggedBody(request.body),
      status,
      answer,
    });
  if (isStream(body)) return { ...response, body: copied(body, tell) };
  tell(loggedBody(body));
  return response;
}

async function* copied(
  chunks: AsyncIterable<Uint8Array>,
  tell: (answer: LoggedBody) => void,
): AsyncGenerator<Uint8Array> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      if (bytes < MAX_LOGGED_BYTES) kept.push(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  } finally {
    tell(loggedBody(Buffer.concat(kept), bytes));
  }
}

function loggedBody(body: Uint8Array | string, bytes?: number): LoggedBody {
  const all = typeof body === "string" ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
  const part = all.subarray(0, MAX_LOGGED_BYTES);
  const text = part.toString("utf8");
  // A cut through a character leaves one replacement at the end; more of them mean that this is no text.
  const isText = !text.slice(0, -1).includes("\ufffd") && !text.includes("\0");
  return { bytes: bytes ?? all.length, ...(isText ? { text } : { base64: part.toString("base64") }) };
}
