import type { FarthingError } from "../../errors.ts";
import { errorHeaders } from "../error-headers.ts";
import type { HttpResponse } from "../spec/http.ts";

/** `{"error": "…"}` is all that the protocol has; the field is named in the message. */
export function encodeOpenInferenceError(error: FarthingError): HttpResponse {
  return { status: error.status, headers: errorHeaders(error), body: JSON.stringify({ error: error.message }) };
}
