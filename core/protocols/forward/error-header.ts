import { ERRORS, type ErrorCode, FarthingError } from "../../errors.ts";
import type { JsonObject } from "../json/parse-json.ts";
import { RESPONSE_FRAME, type WireHeader } from "./forward.ts";

export function errorHeader({ code, message, field, retryAfterSeconds }: FarthingError): WireHeader {
  return {
    farthing: RESPONSE_FRAME,
    type: "error",
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

export function readError({ code, message, field, retryAfterSeconds }: JsonObject): FarthingError {
  if (typeof code !== "string" || !Object.hasOwn(ERRORS, code) || typeof message !== "string") {
    throw new Error("an error without code and message");
  }
  return new FarthingError(code as ErrorCode, message, {
    ...(typeof field === "string" ? { field } : {}),
    ...(typeof retryAfterSeconds === "number" ? { retryAfterSeconds } : {}),
  });
}
