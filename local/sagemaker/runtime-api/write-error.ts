import type { ServerResponse } from "node:http";
import type { ServiceError } from "../../endpoint/service-error.ts";

/** The runtime API is REST with JSON: the code stands in a header, the members of the error in the body. */
export function writeRuntimeError(response: ServerResponse, error: ServiceError): void {
  const { OriginalStatusCode, ...details } = error.details;
  const body = Buffer.from(
    JSON.stringify({
      ErrorCode: error.code,
      Message: error.message,
      ...(OriginalStatusCode !== undefined && { OriginalStatusCode: Number(OriginalStatusCode) }),
      ...details,
    }),
  );
  response.writeHead(error.status, {
    ...error.headers,
    "content-type": "application/json",
    "content-length": body.length,
    "x-amzn-errortype": error.code,
  });
  response.end(body);
}
