import type { ServerResponse } from "node:http";
import { xmlDocument } from "./xml.ts";

/**
 * How a service writes an error. Clients tell errors apart by these forms only, so each service has its own; a service
 * that is not in the table gets the JSON form, which says the code in both places where JSON services put it.
 */
export type ErrorForm = "s3" | "query" | "json";

const FORM_OF_SERVICE: Readonly<Record<string, ErrorForm>> = {
  s3: "s3",
  cloudformation: "query",
  elasticache: "query",
  iam: "query",
  sts: "query",
};

export const errorForm = (signingName: string): ErrorForm => FORM_OF_SERVICE[signingName] ?? "json";

export interface WireError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Further elements of S3's error document. */
  readonly details?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const WRITERS: Readonly<
  Record<ErrorForm, (error: WireError, requestId: string) => { contentType: string; body: string }>
> = {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
  s3: ({ code, message, details }, requestId) => ({
    contentType: "application/xml",
    body: xmlDocument("Error", { Code: code, Message: message, ...details, RequestId: requestId, HostId: "local" }),
  }),
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
  query: ({ code, message, status }, requestId) => ({
    contentType: "text/xml",
    body: xmlDocument("ErrorResponse", {
      Error: { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message },
      RequestId: requestId,
    }),
  }),
  json: ({ code, message }) => ({
    contentType: "application/x-amz-json-1.0",
    body: JSON.stringify({ __type: code, message }),
  }),
};

/** Does nothing when the answer has already begun: then only the end of the connection tells the client. */
export function writeError(response: ServerResponse, signingName: string, error: WireError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { contentType, body } = WRITERS[errorForm(signingName)](error, String(response.getHeader("x-amz-request-id")));
  response.statusCode = error.status;
  for (const [name, value] of Object.entries(error.headers ?? {})) response.setHeader(name, value);
  response.setHeader("content-type", contentType);
  if (errorForm(signingName) === "json") response.setHeader("x-amzn-errortype", error.code);
  // A HEAD has no body: S3's clients know the code from the status alone.
  response.setHeader("content-length", Buffer.byteLength(body));
  response.end(response.req.method === "HEAD" ? undefined : body);
}
