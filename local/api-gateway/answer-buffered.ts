import type { ServerResponse } from "node:http";
import type { InvocationResult } from "../simulator.ts";
import { GatewayFailure } from "./gateway-errors.ts";
import { setGatewayHeaders } from "./gateway-headers.ts";
import { type GatewayOutcome, type GatewayRequest, lastHeader } from "./gateway-request.ts";
import { type ProxyResponse, readProxyResponse } from "./proxy-response.ts";

/** Sends the answer of a buffered integration. Throws malformed-answer when it is none, or when the function failed. */
export async function answerBuffered(
  result: InvocationResult,
  request: GatewayRequest,
  outcome: GatewayOutcome,
  reply: ServerResponse,
): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of result.body) chunks.push(chunk);
  const payload = Buffer.concat(chunks);
  if (result.functionError !== undefined) {
    throw new GatewayFailure("malformed-answer", `the function failed: ${payload.toString("utf8")}`);
  }
  let answer: ProxyResponse;
  try {
    answer = readProxyResponse(payload, lastHeader(request, "accept"), request.api.binaryMediaTypes);
  } catch (error) {
    throw new GatewayFailure("malformed-answer", `malformed Lambda proxy response: ${(error as Error).message}`);
  }
  outcome.status = answer.status;
  outcome.responseBytes = answer.body.length;
  reply.statusCode = answer.status;
  setGatewayHeaders(reply, request);
  for (const [name, values] of answer.headers)
    reply.setHeader(name, values.length === 1 ? (values[0] as string) : values);
  if (hasBody(answer.status)) reply.setHeader("content-length", answer.body.length);
  reply.end(hasBody(answer.status) && request.httpMethod !== "HEAD" ? answer.body : undefined);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1 */
export const hasBody = (status: number): boolean => status !== 204 && status !== 304;
