/**
 * Answers leave as a stream, at either HTTP door: a prelude with status and headers, then the body.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
 */
import { once } from "node:events";
import type {} from "aws-lambda";
import type { HttpResponse } from "../../../core/protocols/spec/http.ts";

export type Answer =
  | { readonly type: "http"; readonly response: HttpResponse }
  | { readonly type: "frames"; readonly bytes: Uint8Array | AsyncIterable<Uint8Array> };

/** Resolves when the last byte has been handed over. */
export async function writeAnswer(stream: awslambda.HttpResponseStream, answer: Answer): Promise<void> {
  if (answer.type === "frames") {
    stream.setContentType("application/octet-stream");
    return written(stream, answer.bytes);
  }
  const { status, headers, body } = answer.response;
  const target = awslambda.HttpResponseStream.from(stream, { statusCode: status, headers });
  // The prelude goes out before the first write, so there has to be one, even of nothing, and before a stream has begun.
  if (typeof body !== "string" && !(body instanceof Uint8Array)) target.write("");
  return written(target, body);
}

async function written(target: awslambda.HttpResponseStream, body: HttpResponse["body"]): Promise<void> {
  if (typeof body === "string" || body instanceof Uint8Array) target.write(body);
  else for await (const chunk of body) if (!target.write(chunk)) await once(target, "drain");
  return ended(target);
}

function ended(stream: awslambda.HttpResponseStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.end((error?: Error | null) => (error ? reject(error) : resolve()));
  });
}
