import type { GatewayOutcome, GatewayRequest } from "./gateway-request.ts";
import { lastHeader } from "./gateway-request.ts";

type Reader = (request: GatewayRequest, outcome: GatewayOutcome) => string | number | undefined;

/** A client must not be able to end the string that a log's format puts around its words. */
const withoutQuotes = (text: string | undefined) => text?.replaceAll('"', "%22").replaceAll("\\", "%5C");

const latency: Reader = (_request, { integration }) => integration?.latencyMillis;
const integrationStatus: Reader = (_request, { integration }) => integration?.status;
const cause: Reader = (_request, { error }) => error?.cause;

/**
 * `$context.…` of access logs and gateway responses. What does not apply, an authorizer's claims for example, is `-` in
 * API Gateway too.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
 */
const READERS: Readonly<Record<string, Reader>> = {
  accountId: ({ accountId }) => accountId,
  apiId: ({ api }) => api.id,
  deploymentId: ({ stage }) => stage.deploymentId,
  domainName: ({ domainName }) => domainName,
  domainPrefix: ({ domainName }) => domainName.split(".")[0],
  "error.message": (_request, { error }) => error?.message,
  "error.messageString": (_request, { error }) => error && JSON.stringify(error.message),
  "error.responseType": (_request, { error }) => error?.responseType,
  "error.validationErrorString": () => undefined,
  extendedRequestId: ({ extendedRequestId }) => extendedRequestId,
  httpMethod: ({ httpMethod }) => httpMethod,
  "identity.sourceIp": ({ sourceIp }) => sourceIp,
  "identity.userAgent": (request) => withoutQuotes(lastHeader(request, "user-agent")),
  "integration.error": cause,
  "integration.integrationStatus": integrationStatus,
  "integration.latency": latency,
  "integration.requestId": (_request, { integration }) => integration?.requestId,
  "integration.responseTransferMode": (_request, { integration }) => integration?.transferMode,
  "integration.status": integrationStatus,
  "integration.timeToAllHeaders": latency,
  "integration.timeToFirstContent": (_request, { integration }) => integration?.firstContentMillis,
  integrationErrorMessage: cause,
  integrationLatency: latency,
  integrationStatus,
  path: ({ path }) => withoutQuotes(path),
  protocol: ({ message }) => `HTTP/${message.httpVersion}`,
  requestId: ({ requestId }) => requestId,
  requestTime: ({ receivedAtMillis }) => requestTime(receivedAtMillis),
  requestTimeEpoch: ({ receivedAtMillis }) => receivedAtMillis,
  resourceId: ({ route }) => route?.resource.id,
  resourcePath: ({ route }) => route?.resource.path,
  responseLatency: ({ receivedAtMillis }, { finishedAtMillis }) =>
    finishedAtMillis === undefined ? undefined : finishedAtMillis - receivedAtMillis,
  responseLength: (_request, { responseBytes }) => responseBytes,
  stage: ({ stage }) => stage.name,
  status: (_request, { status }) => status,
  xrayTraceId: ({ traceId }) => traceId.replace(/^Root=/, ""),
};

const VARIABLE =
  /\$(?:\{(?<kind>context|stageVariables)\.(?<name>[\w.-]*\w)\}|(?<bareKind>context|stageVariables)\.(?<bareName>[\w.-]*\w))/g;

/**
 * Puts values in the place of `$context.…` and `$stageVariables.…`. Neither place where API Gateway uses such text knows
 * more of its template language.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
 */
export const fillVariables = (template: string, request: GatewayRequest, outcome: GatewayOutcome): string =>
  variableFiller(template)(request, outcome);

/** The same for a template that is filled again and again. */
export function variableFiller(template: string): (request: GatewayRequest, outcome: GatewayOutcome) => string {
  const texts: string[] = [];
  const readers: Reader[] = [];
  let from = 0;
  for (const { index, 0: match, groups = {} } of template.matchAll(VARIABLE)) {
    const name = groups.name ?? groups.bareName ?? "";
    const isStageVariable = (groups.kind ?? groups.bareKind) === "stageVariables";
    texts.push(template.slice(from, index));
    readers.push(
      isStageVariable
        ? ({ stage }) => stage.variables[name] ?? ""
        : Object.hasOwn(READERS, name)
          ? (READERS[name] as Reader)
          : () => undefined,
    );
    from = index + match.length;
  }
  const rest = template.slice(from);
  return (request, outcome) => {
    let filled = "";
    for (let at = 0; at < readers.length; at++) {
      filled += `${texts[at]}${(readers[at] as Reader)(request, outcome) ?? "-"}`;
    }
    return filled + rest;
  };
}

export function contextVariable(
  name: string,
  request: GatewayRequest,
  outcome: GatewayOutcome,
): string | number | undefined {
  return Object.hasOwn(READERS, name) ? READERS[name]?.(request, outcome) : undefined;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Of the second that was asked for last: the next request mostly comes in it. */
let lastSecond = Number.NaN;
let lastText = "";

/** Common log format: `24/Nov/2026:11:22:33 +0000` */
export function requestTime(millis: number): string {
  const second = Math.floor(millis / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = formattedTime(millis);
  }
  return lastText;
}

function formattedTime(millis: number): string {
  const date = new Date(millis);
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${time} +0000`;
}
