import { FarthingError, show } from "../errors.ts";
import type { HttpRequest } from "../protocols/spec/http.ts";

/** Milliseconds from the arrival of the request after which its caller does not wait any more: a whole number from 1 on. */
export const DEADLINE_HEADER = "x-farthing-deadline-ms";

/** Milliseconds since the epoch; what the deployment allows, or what the caller asks for if that is sooner. Throws `invalid_field`. */
export function callerDeadline({ headers }: HttpRequest, nowMillis: number, allowedMillis: number): number {
  const text = headers[DEADLINE_HEADER];
  if (text === undefined) return allowedMillis;
  const millis = Number(text);
  if (!/^\d{1,9}$/.test(text) || millis < 1) {
    throw new FarthingError(
      "invalid_field",
      `${DEADLINE_HEADER} is ${show(text)}; a whole number of milliseconds from 1 on is allowed.`,
      { field: DEADLINE_HEADER },
    );
  }
  return Math.min(allowedMillis, nowMillis + millis);
}
