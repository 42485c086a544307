/**
 * One line of JSON for each request at the gateway. Short names and no user agent: every 400 bytes cost 0.20 USD per
 * million requests. No header is logged, so no key is. Tenant, model and price stand in the function's usage line; the
 * request id joins the two. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
 */
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";

const FIELDS = {
  id: "$context.requestId",
  /** The Lambda invocation, as the function's log names it. */
  fn: "$context.integration.requestId",
  at: "$context.requestTimeEpoch",
  ip: "$context.identity.sourceIp",
  method: "$context.httpMethod",
  path: "$context.path",
  status: "$context.status",
  ms: "$context.responseLatency",
  fnMs: "$context.integration.latency",
  bytes: "$context.responseLength",
  /** Why, when the gateway itself made the answer. */
  error: "$context.error.responseType",
  detail: "$context.integrationErrorMessage",
  waf: "$context.wafResponseCode",
} as const;

export const ACCESS_LOG_FORMAT = AccessLogFormat.custom(JSON.stringify(FIELDS));
