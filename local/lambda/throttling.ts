import { ServiceError } from "../endpoint/service-error.ts";

export type ThrottleReason = "ConcurrentInvocationLimitExceeded" | "ReservedFunctionConcurrentInvocationLimitExceeded";

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors */
export function throttled(reason: ThrottleReason): ServiceError {
  return new ServiceError(429, "TooManyRequestsException", "Rate Exceeded.", {
    details: { Reason: reason, Type: "User" },
    headers: { "retry-after": "1" },
  });
}
