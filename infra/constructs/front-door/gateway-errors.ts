/**
 * The errors that API Gateway makes itself, before or instead of the function. One template for the whole API, so they
 * have one form: OpenAI's, which carries the most. Open Inference Protocol clients find the message there too.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
import { ResponseType, type RestApi } from "aws-cdk-lib/aws-apigateway";
import { type ErrorCode, FarthingError } from "../../../core/errors.ts";
import { encodeOpenAiError } from "../../../core/protocols/openai/error.ts";

interface GatewayError {
  readonly name: string;
  readonly type: ResponseType;
  readonly code: ErrorCode;
  /** `gateway`: API Gateway's own words. */
  readonly message: string | "gateway";
  /** Whether the status of our code replaces the gateway's. The defaults stand for many statuses and keep each. */
  readonly ownStatus: boolean;
  readonly retryAfterSeconds?: number;
}

export const GATEWAY_ERRORS: readonly GatewayError[] = [
  {
    name: "Throttled",
    type: ResponseType.THROTTLED,
    code: "overloaded",
    message: "The API as a whole has more requests than it takes per second. Send this one again.",
    ownStatus: true,
    retryAfterSeconds: 1,
  },
  {
    name: "TooLarge",
    type: ResponseType.REQUEST_TOO_LARGE,
    code: "payload_too_large",
    message: "The body is larger than the 10 MB that the gateway takes; the function behind it takes less.",
    ownStatus: true,
  },
  {
    name: "NoRoute",
    type: ResponseType.MISSING_AUTHENTICATION_TOKEN,
    code: "unknown_route",
    message: "There is no such path. The API lies under /v1 (OpenAI) and /v2 (Open Inference Protocol).",
    ownStatus: true,
  },
  {
    name: "Filtered",
    type: ResponseType.WAF_FILTERED,
    code: "not_allowed",
    message:
      "The firewall refused the address this request came from: bad repute, or too many requests in five minutes.",
    ownStatus: true,
  },
  {
    name: "Timeout",
    type: ResponseType.INTEGRATION_TIMEOUT,
    code: "deadline_exceeded",
    message: "The answer did not come in time.",
    ownStatus: true,
  },
  {
    // A function at its limit of environments, first of all: Lambda throttles, and the gateway would answer 500. What else belongs
    // to this type (no such function, no network to it) is a deployment's fault, and the alarms on functions tell of it.
    name: "NoFunction",
    type: ResponseType.INTEGRATION_FAILURE,
    code: "overloaded",
    message: "The function that answers this route takes no more requests at the moment. Send this one again.",
    ownStatus: true,
    retryAfterSeconds: 1,
  },
  { name: "OtherCaller", type: ResponseType.DEFAULT_4XX, code: "malformed_body", message: "gateway", ownStatus: false },
  { name: "OtherOurs", type: ResponseType.DEFAULT_5XX, code: "internal", message: "gateway", ownStatus: false },
];

const GATEWAY_WORDS = "gateway";

export function addGatewayErrors(api: RestApi): void {
  for (const { name, type, code, message, ownStatus, retryAfterSeconds } of GATEWAY_ERRORS) {
    const error = new FarthingError(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
    const { status, headers, body } = encodeOpenAiError(error);
    if (typeof body !== "string") throw new TypeError("an OpenAI error's body is text");
    api.addGatewayResponse(name, {
      type,
      ...(ownStatus && { statusCode: String(status) }),
      templates: {
        // `messageString` comes with its quotation marks.
        "application/json":
          message === GATEWAY_WORDS ? body.replace(`"${GATEWAY_WORDS}"`, "$context.error.messageString") : body,
      },
      responseHeaders: {
        ...Object.fromEntries(
          Object.entries(headers)
            .filter(([header]) => header !== "content-type")
            .map(([header, value]) => [header, `'${value}'`]),
        ),
        "x-request-id": "context.requestId",
      },
    });
  }
}
