/**
 * The answers that API Gateway makes itself. A template can change status, headers and body of each type with
 * AWS::ApiGateway::GatewayResponse, or of all through DEFAULT_4XX and DEFAULT_5XX.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
export const GATEWAY_RESPONSE_TYPES = [
  "ACCESS_DENIED",
  "API_CONFIGURATION_ERROR",
  "AUTHORIZER_CONFIGURATION_ERROR",
  "AUTHORIZER_FAILURE",
  "BAD_REQUEST_BODY",
  "BAD_REQUEST_PARAMETERS",
  "DEFAULT_4XX",
  "DEFAULT_5XX",
  "EXPIRED_TOKEN",
  "INTEGRATION_FAILURE",
  "INTEGRATION_TIMEOUT",
  "INVALID_API_KEY",
  "INVALID_SIGNATURE",
  "MISSING_AUTHENTICATION_TOKEN",
  "QUOTA_EXCEEDED",
  "REQUEST_TOO_LARGE",
  "RESOURCE_NOT_FOUND",
  "THROTTLED",
  "UNAUTHORIZED",
  "UNSUPPORTED_MEDIA_TYPE",
  "WAF_FILTERED",
] as const;
export type GatewayResponseType = (typeof GATEWAY_RESPONSE_TYPES)[number];

export interface GatewayError {
  readonly type: GatewayResponseType;
  readonly status: number;
  /** `$context.error.message` */
  readonly message: string;
  /** The `x-amzn-ErrorType` header. */
  readonly errorType: string;
  /** For the access log: what the client is not told. */
  readonly cause: string;
}

interface ErrorFacts {
  readonly type: GatewayResponseType;
  readonly status: number;
  readonly message: string;
  readonly errorType: string;
}

/** Every error that can arise here. */
const FACTS = {
  "missing-route": {
    type: "MISSING_AUTHENTICATION_TOKEN",
    status: 403,
    message: "Missing Authentication Token",
    errorType: "MissingAuthenticationTokenException",
  },
  "body-too-large": {
    type: "REQUEST_TOO_LARGE",
    status: 413,
    message: "Request Too Long",
    errorType: "RequestEntityTooLargeException",
  },
  "headers-too-large": {
    type: "DEFAULT_4XX",
    status: 431,
    message: "Request header fields too large",
    errorType: "BadRequestException",
  },
  throttled: {
    type: "THROTTLED",
    status: 429,
    message: "Too Many Requests",
    errorType: "TooManyRequestsException",
  },
  "missing-parameters": {
    type: "BAD_REQUEST_PARAMETERS",
    status: 400,
    message: "Missing required request parameters",
    errorType: "BadRequestException",
  },
  "integration-timeout": {
    type: "INTEGRATION_TIMEOUT",
    status: 504,
    message: "Endpoint request timed out",
    errorType: "InternalServerErrorException",
  },
  "no-permission": {
    type: "API_CONFIGURATION_ERROR",
    status: 500,
    message: "Internal server error",
    errorType: "InternalServerErrorException",
  },
  "malformed-answer": {
    type: "API_CONFIGURATION_ERROR",
    status: 502,
    message: "Internal server error",
    errorType: "InternalServerErrorException",
  },
  "function-throttled": {
    type: "INTEGRATION_FAILURE",
    status: 500,
    message: "Internal server error",
    errorType: "InternalServerErrorException",
  },
  "integration-failed": {
    type: "INTEGRATION_FAILURE",
    status: 500,
    message: "Internal server error",
    errorType: "InternalServerErrorException",
  },
} as const satisfies Record<string, ErrorFacts>;

export type GatewayErrorName = keyof typeof FACTS;
export const GATEWAY_ERROR_NAMES = Object.keys(FACTS) as GatewayErrorName[];

const BRAND = Symbol.for("farthing.local.gateway-error");

/** Thrown anywhere on a request's way; the gateway writes it. */
export class GatewayFailure extends Error {
  readonly [BRAND] = true;
  readonly gatewayError: GatewayError;

  /** `detail` is appended to the message that the client gets, where AWS does so. */
  constructor(name: GatewayErrorName, cause: string, detail = "") {
    super(cause);
    this.name = "GatewayFailure";
    const facts = FACTS[name];
    this.gatewayError = { ...facts, message: facts.message + detail, cause };
  }
}

export function isGatewayFailure(error: unknown): error is GatewayFailure {
  return typeof error === "object" && error !== null && BRAND in error;
}
