import { type ErrorForm, errorForm, type WireError } from "./error-form.ts";

/** Why the endpoint does not know who asks. */
export type AuthenticationFailure =
  | "missing-token"
  | "malformed"
  | "unknown-key"
  | "wrong-session-token"
  | "wrong-signature"
  | "unsigned-headers"
  | "clock-skew"
  | "expired";

const SIGNATURE_MESSAGE =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.";
const UNSIGNED_MESSAGE = "There were headers present in the request which were not signed";
const TOKEN_MESSAGE = "The security token included in the request is invalid.";

type Answer = readonly [status: number, code: string, message: string];

/**
 * Each family of services has its own codes for the same failure; SDKs decide by them whether to correct the clock.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
const ANSWERS: Readonly<Record<ErrorForm, Readonly<Record<AuthenticationFailure, Answer>>>> = {
  s3: {
    "missing-token": [403, "AccessDenied", "Access Denied"],
    malformed: [400, "AuthorizationHeaderMalformed", "The authorization header that you provided is not valid."],
    "unknown-key": [403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."],
    "wrong-session-token": [400, "InvalidToken", "The provided token is malformed or otherwise invalid."],
    "wrong-signature": [403, "SignatureDoesNotMatch", SIGNATURE_MESSAGE],
    "unsigned-headers": [403, "AccessDenied", UNSIGNED_MESSAGE],
    "clock-skew": [
      403,
      "RequestTimeTooSkewed",
      "The difference between the request time and the server's time is too large.",
    ],
    expired: [403, "AccessDenied", "Request has expired"],
  },
  query: {
    "missing-token": [403, "MissingAuthenticationToken", "Request is missing Authentication Token"],
    malformed: [400, "IncompleteSignature", "The request signature does not conform to AWS standards."],
    "unknown-key": [403, "InvalidClientTokenId", TOKEN_MESSAGE],
    "wrong-session-token": [403, "InvalidClientTokenId", TOKEN_MESSAGE],
    "wrong-signature": [403, "SignatureDoesNotMatch", SIGNATURE_MESSAGE],
    "unsigned-headers": [403, "SignatureDoesNotMatch", UNSIGNED_MESSAGE],
    "clock-skew": [403, "SignatureDoesNotMatch", "Signature expired: the request is too old or from the future."],
    expired: [403, "RequestExpired", "Request has expired."],
  },
  json: {
    "missing-token": [400, "MissingAuthenticationTokenException", "Request is missing Authentication Token"],
    malformed: [400, "IncompleteSignatureException", "The request signature does not conform to AWS standards."],
    "unknown-key": [400, "UnrecognizedClientException", TOKEN_MESSAGE],
    "wrong-session-token": [400, "UnrecognizedClientException", TOKEN_MESSAGE],
    "wrong-signature": [400, "InvalidSignatureException", SIGNATURE_MESSAGE],
    "unsigned-headers": [400, "InvalidSignatureException", UNSIGNED_MESSAGE],
    "clock-skew": [400, "InvalidSignatureException", "Signature expired: the request is too old or from the future."],
    expired: [400, "ExpiredTokenException", "The security token included in the request is expired"],
  },
};

/** Lambda speaks JSON over REST, whose authentication errors are 403 where the JSON-RPC services say 400. */
const FORBIDDEN_STATUS_SERVICES: ReadonlySet<string> = new Set(["lambda"]);

export function authenticationError(signingName: string, failure: AuthenticationFailure): WireError {
  const [status, code, message] = ANSWERS[errorForm(signingName)][failure];
  return { status: FORBIDDEN_STATUS_SERVICES.has(signingName) ? 403 : status, code, message };
}
