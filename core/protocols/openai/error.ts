import type { ErrorCode, FarthingError } from "../../errors.ts";
import { errorHeaders } from "../error-headers.ts";
import type { HttpResponse } from "../spec/http.ts";

type OpenAiErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "rate_limit_error"
  | "insufficient_quota"
  | "server_error";

/** Words that OpenAI's own API uses for the same thing; every other code goes out under its Farthing name. */
const OPENAI_CODES: Partial<Record<ErrorCode, string>> = {
  missing_key: "invalid_api_key",
  invalid_key: "invalid_api_key",
  unknown_model: "model_not_found",
  overloaded: "rate_limit_exceeded",
  rate_limited: "rate_limit_exceeded",
  budget_exceeded: "insufficient_quota",
};

/** `type` follows the status, as the clients' exception classes do; OpenAI tells quota and rate apart by it. */
function errorType({ code, status }: FarthingError): OpenAiErrorType {
  if (code === "budget_exceeded") return "insufficient_quota";
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** The error object of OpenAI's API: https://platform.openai.com/docs/guides/error-codes */
export const openAiErrorBody = (error: FarthingError) => ({
  error: {
    message: error.message,
    type: errorType(error),
    param: error.field ?? null,
    code: OPENAI_CODES[error.code] ?? error.code,
  },
});

export function encodeOpenAiError(error: FarthingError): HttpResponse {
  return { status: error.status, headers: errorHeaders(error), body: JSON.stringify(openAiErrorBody(error)) };
}
