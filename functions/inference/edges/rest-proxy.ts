/**
 * A REST API's proxy integration, event format 1.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
import type { APIGatewayProxyEvent } from "aws-lambda";
import { bodyOf, type Edge, lowerCaseNames } from "./edge.ts";

export const restProxy: Edge = {
  recognises: (event) => "httpMethod" in event,
  decode(event) {
    const { httpMethod, path, headers, queryStringParameters, body, isBase64Encoded } = event as APIGatewayProxyEvent;
    return {
      method: httpMethod,
      path,
      query: (queryStringParameters ?? {}) as Record<string, string>,
      headers: lowerCaseNames(headers),
      body: bodyOf(body, isBase64Encoded),
    };
  },
};
