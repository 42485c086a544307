/**
 * A function URL, payload format 2.0.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
 */
import type { LambdaFunctionURLEvent } from "aws-lambda";
import { bodyOf, type Edge, lowerCaseNames } from "./edge.ts";

export const functionUrl: Edge = {
  recognises: (event) => "rawPath" in event,
  decode(event) {
    const { requestContext, rawPath, headers, queryStringParameters, body, isBase64Encoded } =
      event as LambdaFunctionURLEvent;
    return {
      method: requestContext.http.method,
      path: rawPath,
      query: (queryStringParameters ?? {}) as Record<string, string>,
      headers: lowerCaseNames(headers),
      body: bodyOf(body, isBase64Encoded),
    };
  },
};
