import type { ServerResponse } from "node:http";
import { contextVariable, fillVariables } from "./context-variables.ts";
import type { GatewayError } from "./gateway-errors.ts";
import { setGatewayHeaders } from "./gateway-headers.ts";
import { type GatewayOutcome, type GatewayRequest, lastHeader } from "./gateway-request.ts";
import type { GatewayResponse } from "./rest-api.ts";

const DEFAULT_TEMPLATE = '{"message":$context.error.messageString}';
const STATIC_TEXT = /^'(.*)'$/;

/**
 * Answers in the API's own gateway response for the type, else in DEFAULT_4XX or DEFAULT_5XX, else in API Gateway's form.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
 */
export function writeGatewayError(
  response: ServerResponse,
  request: GatewayRequest,
  outcome: GatewayOutcome,
  error: GatewayError,
): void {
  const { gatewayResponses } = request.api;
  const byDefault = gatewayResponses.get(error.status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
  const custom = gatewayResponses.get(error.type) ?? byDefault;
  outcome.error = { message: error.message, responseType: error.type, cause: error.cause };
  outcome.status = custom?.status ?? byDefault?.status ?? error.status;

  const [contentType, template] = chooseTemplate(custom);
  const body = Buffer.from(fillVariables(template, request, outcome));
  outcome.responseBytes = body.length;
  response.statusCode = outcome.status;
  setGatewayHeaders(response, request);
  response.setHeader("x-amzn-ErrorType", error.errorType);
  response.setHeader("content-type", contentType);
  for (const [name, expression] of Object.entries(custom?.headers ?? {})) {
    const value = evaluate(expression, request, outcome);
    if (value !== undefined) response.setHeader(name, value);
  }
  response.setHeader("content-length", body.length);
  response.end(request.httpMethod === "HEAD" ? undefined : body);
}

function chooseTemplate(custom: GatewayResponse | undefined): readonly [string, string] {
  const templates = Object.entries(custom?.templates ?? {});
  const json = templates.find(([contentType]) => contentType === "application/json");
  return json ?? templates[0] ?? ["application/json", DEFAULT_TEMPLATE];
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html */
function evaluate(expression: string, request: GatewayRequest, outcome: GatewayOutcome): string | undefined {
  const text = STATIC_TEXT.exec(expression)?.[1];
  if (text !== undefined) return text;
  const [, source, name = ""] =
    /^(context|stageVariables|method\.request\.(?:header|querystring|path))\.(.+)$/.exec(expression) ?? [];
  switch (source) {
    case "context":
      return contextVariable(name, request, outcome)?.toString();
    case "stageVariables":
      return request.stage.variables[name];
    case "method.request.header":
      return lastHeader(request, name.toLowerCase());
    case "method.request.querystring":
      return new URLSearchParams(request.query).get(name) ?? undefined;
    case "method.request.path":
      return request.route?.pathParameters?.[name];
    default:
      return undefined;
  }
}
