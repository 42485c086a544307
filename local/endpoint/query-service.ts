import type { ServerResponse } from "node:http";
import type { AwsRequest } from "../simulator.ts";
import { ServiceError } from "./service-error.ts";
import { type XmlElements, xmlDocument } from "./xml.ts";

/** What the older services share: parameters in a form, `Action` among them, and an XML document back. */
export interface QueryCall {
  readonly action: string;
  readonly parameters: URLSearchParams;
}

/** Throws ServiceError when the call names no action. */
export function readQueryCall({ body, url }: AwsRequest): QueryCall {
  const parameters = new URLSearchParams(body?.toString("utf8") || url.search);
  const action = parameters.get("Action");
  if (action === null) throw new ServiceError(400, "MissingAction", "The request is missing an Action parameter.");
  return { action, parameters };
}

/** `name.member.1`, `name.member.2`, … in order. */
export function listParameter(parameters: URLSearchParams, name: string): string[] {
  const values: string[] = [];
  for (let value = parameters.get(`${name}.member.1`); value !== null; ) {
    values.push(value);
    value = parameters.get(`${name}.member.${values.length + 1}`);
  }
  return values;
}

export function writeQueryResult(
  response: ServerResponse,
  call: QueryCall,
  namespace: string,
  result: XmlElements,
): void {
  const requestId = String(response.getHeader("x-amzn-requestid"));
  const content = { [`${call.action}Result`]: result, ResponseMetadata: { RequestId: requestId } };
  const body = Buffer.from(xmlDocument(`${call.action}Response`, content, namespace));
  response.writeHead(200, { "content-type": "text/xml", "content-length": body.length });
  response.end(body);
}
