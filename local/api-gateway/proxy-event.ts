import { requestTime } from "./context-variables.ts";
import { type GatewayRequest, lastHeader } from "./gateway-request.ts";
import { isBinary } from "./media-types.ts";
import { decode } from "./routes.ts";

type Multi = Readonly<Record<string, readonly string[]>>;

/** What ends at the gateway: it speaks for one connection only. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html */
const DROPPED = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

/** What it says itself. */
const ADDED = new Set(["x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"]);

/**
 * The event of a Lambda proxy integration, as JSON.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
 */
export function proxyEvent(request: GatewayRequest, body: Buffer): string {
  const { api, stage, route } = request;
  const multiValueHeaders = forwardedHeaders(request);
  const query = parseQuery(request.query);
  const binary = body.length > 0 && isBinary(lastHeader(request, "content-type"), api.binaryMediaTypes);
  return JSON.stringify({
    resource: route?.resource.path,
    path: request.path,
    httpMethod: request.httpMethod,
    headers: lastValues(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: query && lastValues(query),
    multiValueQueryStringParameters: query,
    pathParameters: decoded(route?.pathParameters ?? null),
    stageVariables: Object.keys(stage.variables).length === 0 ? null : stage.variables,
    requestContext: {
      resourceId: route?.resource.id,
      resourcePath: route?.resource.path,
      httpMethod: request.httpMethod,
      extendedRequestId: request.extendedRequestId,
      requestTime: requestTime(request.receivedAtMillis),
      path: request.path,
      accountId: request.accountId,
      protocol: `HTTP/${request.message.httpVersion}`,
      stage: stage.name,
      domainPrefix: request.domainName.split(".")[0],
      requestTimeEpoch: request.receivedAtMillis,
      requestId: request.requestId,
      identity: {
        cognitoIdentityPoolId: null,
        accountId: null,
        cognitoIdentityId: null,
        caller: null,
        sourceIp: request.sourceIp,
        principalOrgId: null,
        accessKey: null,
        cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null,
        userArn: null,
        userAgent: lastHeader(request, "user-agent") ?? null,
        user: null,
      },
      domainName: request.domainName,
      deploymentId: stage.deploymentId,
      apiId: api.id,
    },
    body: body.length === 0 ? null : body.toString(binary ? "base64" : "utf8"),
    isBase64Encoded: binary,
  });
}

/** Names as the client wrote them, and what API Gateway adds. */
function forwardedHeaders(request: GatewayRequest): Multi {
  const headers: Record<string, string[]> = {};
  const { rawHeaders } = request.message;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const lower = name.toLowerCase();
    if (DROPPED.has(lower)) continue;
    if (!ADDED.has(lower)) append(headers, name, rawHeaders[index + 1] as string);
  }
  const forwardedFor = lastHeader(request, "x-forwarded-for");
  headers["X-Amzn-Trace-Id"] = [request.traceId];
  headers["X-Forwarded-For"] = [forwardedFor === undefined ? request.sourceIp : `${forwardedFor}, ${request.sourceIp}`];
  headers["X-Forwarded-Port"] = [String(request.message.socket.localPort ?? 443)];
  headers["X-Forwarded-Proto"] = ["http"];
  return headers;
}

/** Null without any parameter. */
function parseQuery(query: string): Multi | null {
  if (query === "") return null;
  const parameters: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    append(parameters, name, value);
  }
  return parameters;
}

/** Clients choose the names, and `__proto__` is a legal one. */
function append(multi: Record<string, string[]>, name: string, value: string): void {
  if (Object.hasOwn(multi, name)) multi[name]?.push(value);
  else Object.defineProperty(multi, name, { value: [value], enumerable: true });
}

function lastValues(multi: Multi): Record<string, string> {
  return Object.fromEntries(Object.entries(multi).map(([name, values]) => [name, values.at(-1) ?? ""]));
}

/** REST APIs decode parameters of the path but keep an encoded percent sign. Same page as DROPPED. */
function decoded(parameters: Readonly<Record<string, string>> | null): Record<string, string> | null {
  if (parameters === null) return null;
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, decode(value.replaceAll(/%25/g, "%2525"))]),
  );
}
