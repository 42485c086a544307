import type { FarthingError } from "../errors.ts";

/** The headers that every protocol's error carries, with the challenge of RFC 6750 on a 401. */
export function errorHeaders(error: FarthingError): Record<string, string> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(Math.ceil(error.retryAfterSeconds));
  // OpenAI's clients repeat every 429 unless told not to; a budget does not come back within their patience.
  if (error.code === "budget_exceeded") headers["x-should-retry"] = "false";
  if (error.code === "missing_key") headers["www-authenticate"] = 'Bearer realm="farthing"';
  if (error.code === "invalid_key") headers["www-authenticate"] = 'Bearer realm="farthing", error="invalid_token"';
  return headers;
}
