import { DEFAULT_INTEGRATION_TIMEOUT_MILLIS } from "./limits.ts";
import type { MethodProperties } from "./resource-properties.ts";
import type { Integration, LambdaIntegration, MockIntegration } from "./rest-api.ts";

/** `…:lambda:path/2015-03-31/functions/<arn>/invocations`, or the streaming call of 2021-11-15. */
const URI =
  /^arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path\/(?:2015-03-31\/functions\/(?<buffered>.+)\/invocations|2021-11-15\/functions\/(?<streamed>.+)\/response-streaming-invocations)$/;
const STATUS_IN_TEMPLATE = /"?statusCode"?\s*:\s*(\d{3})/;
const STATIC_TEXT = /^'(.*)'$/;
const HEADER_PARAMETER = "method.response.header.";

/** Throws an Error that names the property which API Gateway, or this machine, does not take. */
export function readIntegration(properties: MethodProperties["Integration"], where: string): Integration {
  return properties.Type === "MOCK" ? readMock(properties, where) : readLambda(properties, where);
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html */
function readLambda(properties: MethodProperties["Integration"], where: string): LambdaIntegration {
  const { Uri = "", ResponseTransferMode, IntegrationHttpMethod, TimeoutInMillis } = properties;
  const { buffered, streamed } = URI.exec(Uri)?.groups ?? {};
  const functionArn = ResponseTransferMode === "STREAM" ? streamed : buffered;
  if (functionArn === undefined) {
    const wanted =
      ResponseTransferMode === "STREAM"
        ? "…lambda:path/2021-11-15/functions/<arn>/response-streaming-invocations"
        : "…lambda:path/2015-03-31/functions/<arn>/invocations";
    throw new Error(
      `${where}: Integration.Uri is "${Uri}"; with ResponseTransferMode ${ResponseTransferMode} it is ${wanted}.`,
    );
  }
  if (IntegrationHttpMethod !== "POST") {
    throw new Error(
      `${where}: Integration.IntegrationHttpMethod is ${JSON.stringify(IntegrationHttpMethod)}; a function is invoked with "POST".`,
    );
  }
  const timeoutMillis = TimeoutInMillis ?? DEFAULT_INTEGRATION_TIMEOUT_MILLIS;
  return { type: "lambda", functionArn, transferMode: ResponseTransferMode, timeoutMillis };
}

/** Only what CORS preflights need: one fixed answer. */
function readMock(properties: MethodProperties["Integration"], where: string): MockIntegration {
  const responses = properties.IntegrationResponses ?? [];
  const response = responses.find(({ SelectionPattern }) => !SelectionPattern) ?? responses[0];
  if (response === undefined) throw new Error(`${where}: a MOCK integration needs IntegrationResponses.`);
  const asked = STATUS_IN_TEMPLATE.exec(Object.values(properties.RequestTemplates)[0] ?? "")?.[1];
  if (asked === undefined) {
    throw new Error(`${where}: the RequestTemplates of a MOCK integration must be a fixed { "statusCode": … } here.`);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.ResponseParameters)) {
    const text = STATIC_TEXT.exec(value)?.[1];
    if (!name.startsWith(HEADER_PARAMETER) || text === undefined) {
      throw new Error(
        `${where}: ResponseParameters of a MOCK integration are static headers here, not ${name}: ${value}.`,
      );
    }
    headers[name.slice(HEADER_PARAMETER.length)] = text;
  }
  const [body = ""] = Object.values(response.ResponseTemplates);
  if (/[$#]/.test(body))
    throw new Error(`${where}: ResponseTemplates of a MOCK integration are fixed text here, not "${body}".`);
  return { type: "mock", status: response.StatusCode, headers, body };
}
