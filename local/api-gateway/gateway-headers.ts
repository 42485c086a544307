import type { ServerResponse } from "node:http";
import type { GatewayRequest } from "./gateway-request.ts";

/** What every answer of the gateway carries: names and values in turn. A function's header of the same name wins. */
export const gatewayHeaders = (
  request: Pick<GatewayRequest, "requestId" | "extendedRequestId" | "traceId">,
): readonly string[] => [
  "x-amzn-RequestId",
  request.requestId,
  "x-amz-apigw-id",
  request.extendedRequestId,
  "X-Amzn-Trace-Id",
  request.traceId,
];

export function setGatewayHeaders(reply: ServerResponse, request: GatewayRequest): void {
  const headers = gatewayHeaders(request);
  for (let at = 0; at < headers.length; at += 2) reply.setHeader(headers[at] as string, headers[at + 1] as string);
}
