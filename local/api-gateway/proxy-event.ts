import { requestTime } from "./context-variables.ts";
import { type GatewayRequest, lastHeader } from "./gateway-request.ts";
import { isBinary } from "./media-types.ts";
import { decode } from "./routes.ts";

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
const ADDED = new Set(["x-amzn-trace-id", "x-forwarded-port", "x-forwarded-proto"]);
/** What it adds its own word to; the last one that was sent counts. */
const FORWARDED_FOR = "x-forwarded-for";

/**
 * The event of a Lambda proxy integration, as JSON. Written piece by piece: the event is as long as the request, and every
 * request pays for it.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
 */
export function proxyEvent(request: GatewayRequest, body: Buffer): string {
  const { api, stage, route } = request;
  const multiValueHeaders = forwardedHeaders(request);
  const query = parseQuery(request.query);
  const binary = body.length > 0 && isBinary(lastHeader(request, "content-type"), api.binaryMediaTypes);
  const path = JSON.stringify(request.path);
  const method = JSON.stringify(request.httpMethod);
  const resource = JSON.stringify(route?.resource.path);
  return (
    `{"resource":${resource},"path":${path},"httpMethod":${method},` +
    `"headers":${lastValues(multiValueHeaders)},"multiValueHeaders":${allValues(multiValueHeaders)},` +
    `"queryStringParameters":${query === null ? "null" : lastValues(query)},` +
    `"multiValueQueryStringParameters":${query === null ? "null" : allValues(query)},` +
    `"pathParameters":${JSON.stringify(decoded(route?.pathParameters ?? null))},` +
    `"stageVariables":${Object.keys(stage.variables).length === 0 ? "null" : JSON.stringify(stage.variables)},` +
    `"requestContext":{"resourceId":${JSON.stringify(route?.resource.id)},"resourcePath":${resource},"httpMethod":${method},` +
    `"extendedRequestId":"${request.extendedRequestId}","requestTime":"${requestTime(request.receivedAtMillis)}",` +
    `"path":${path},"accountId":"${request.accountId}","protocol":"HTTP/${request.message.httpVersion}",` +
    `"stage":${JSON.stringify(stage.name)},"domainPrefix":${JSON.stringify(request.domainName.split(".")[0])},` +
    `"requestTimeEpoch":${request.receivedAtMillis},"requestId":"${request.requestId}",` +
    `"identity":{"cognitoIdentityPoolId":null,"accountId":null,"cognitoIdentityId":null,"caller":null,` +
    `"sourceIp":${JSON.stringify(request.sourceIp)},"principalOrgId":null,"accessKey":null,"cognitoAuthenticationType":null,` +
    `"cognitoAuthenticationProvider":null,"userArn":null,` +
    `"userAgent":${JSON.stringify(lastHeader(request, "user-agent") ?? null)},"user":null},` +
    `"domainName":${JSON.stringify(request.domainName)},"deploymentId":${JSON.stringify(stage.deploymentId)},` +
    `"apiId":${JSON.stringify(api.id)}},` +
    `"body":${bodyText(body, binary)},"isBase64Encoded":${binary}}`
  );
}

function bodyText(body: Buffer, binary: boolean): string {
  if (body.length === 0) return "null";
  return binary ? `"${body.toString("base64")}"` : JSON.stringify(body.toString("utf8"));
}

/** Name, then its values, in the order of their first appearance. */
type Multi = readonly (readonly [name: string, ...values: string[]])[];

/** Names as the client wrote them, and what API Gateway adds. */
function forwardedHeaders(request: GatewayRequest): Multi {
  const headers: [string, ...string[]][] = [];
  const { rawHeaders, socket } = request.message;
  let forwardedFor = request.sourceIp;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const fate = FATES.get(name) ?? fateOf(name);
    if (fate === "forwarded") append(headers, name, value);
    else if (fate === "forwarded-for") forwardedFor = `${value}, ${request.sourceIp}`;
  }
  headers.push(
    ["X-Amzn-Trace-Id", request.traceId],
    ["X-Forwarded-For", forwardedFor],
    ["X-Forwarded-Port", String(socket.localPort ?? 443)],
    ["X-Forwarded-Proto", "http"],
  );
  return headers;
}

type Fate = "forwarded" | "dropped" | "forwarded-for";

/** Of names as clients wrote them; bounded, since clients may write what they like. */
const FATES = new Map<string, Fate>();
const MAX_FATES = 1000;

function fateOf(name: string): Fate {
  const lower = name.toLowerCase();
  const fate =
    lower === FORWARDED_FOR ? "forwarded-for" : DROPPED.has(lower) || ADDED.has(lower) ? "dropped" : "forwarded";
  if (FATES.size < MAX_FATES) FATES.set(name, fate);
  return fate;
}

/** Null without any parameter. */
function parseQuery(query: string): Multi | null {
  if (query === "") return null;
  const parameters: [string, ...string[]][] = [];
  const places = new Map<string, [string, ...string[]]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const known = places.get(name);
    if (known !== undefined) known.push(value);
    else {
      const entry: [string, ...string[]] = [name, value];
      places.set(name, entry);
      parameters.push(entry);
    }
  }
  return parameters;
}

/** A request has few headers, and mostly each once. */
function append(multi: [string, ...string[]][], name: string, value: string): void {
  const known = multi.find(([other]) => other === name);
  if (known === undefined) multi.push([name, value]);
  else known.push(value);
}

const lastValues = (multi: Multi): string =>
  `{${multi.map((entry) => `${JSON.stringify(entry[0])}:${JSON.stringify(entry[entry.length - 1])}`).join()}}`;

const allValues = (multi: Multi): string =>
  `{${multi.map(([name, ...values]) => `${JSON.stringify(name)}:${JSON.stringify(values)}`).join()}}`;

/** REST APIs decode parameters of the path but keep an encoded percent sign. Same page as DROPPED. */
function decoded(parameters: Readonly<Record<string, string>> | null): Record<string, string> | null {
  if (parameters === null) return null;
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, decode(value.replaceAll(/%25/g, "%2525"))]),
  );
}
