/**
 * What an engine's refusal is to our caller. Words about the caller's own request are passed on; everything else is our
 * affair, and is said in ours.
 */
import { FarthingError } from "../../errors.ts";
import { isJsonObject } from "../json/parse-json.ts";

export interface UpstreamFailure {
  readonly status: number;
  /** As far as it was read. */
  readonly body: string;
  /** Seconds, from `retry-after`. */
  readonly retryAfterSeconds?: number;
}

const LONGEST_MESSAGE = 1_000;

export function upstreamError({ status, body, retryAfterSeconds }: UpstreamFailure): FarthingError {
  const told = toldError(body);
  return errorOf(status, told, retryAfterSeconds, `the engine answered ${status}: ${body.slice(0, LONGEST_MESSAGE)}`);
}

/** An error that came inside of an answer whose status promised a good one; undefined: `value` is none. */
export function errorInside(value: unknown): FarthingError | undefined {
  if (!isJsonObject(value)) return undefined;
  const isError = isJsonObject(value.error) || typeof value.error === "string" || value.object === "error";
  if (!isError) return undefined;
  const told = toldIn(value);
  return errorOf(
    told.status ?? 500,
    told,
    undefined,
    `the engine sent an error: ${JSON.stringify(value).slice(0, LONGEST_MESSAGE)}`,
  );
}

interface Told {
  readonly message?: string;
  readonly field?: string;
  readonly status?: number;
}

function errorOf(status: number, told: Told, retryAfterSeconds: number | undefined, cause: string): FarthingError {
  const details = { cause: new Error(cause) };
  if (status === 400 || status === 422) {
    const message = told.message ?? "The engine behind this model does not take the request.";
    return new FarthingError("invalid_field", message, {
      ...details,
      ...(told.field !== undefined && { field: told.field }),
    });
  }
  if (status === 413) {
    return new FarthingError(
      "payload_too_large",
      "The request is larger than the engine behind this model takes.",
      details,
    );
  }
  if (status === 429) {
    const retry = { retryAfterSeconds: retryAfterSeconds ?? 1 };
    return new FarthingError("overloaded", "The engine behind this model has all that it can do right now.", {
      ...details,
      ...retry,
    });
  }
  const retry = { retryAfterSeconds: retryAfterSeconds ?? 5 };
  return new FarthingError("dependency_unavailable", "The engine behind this model does not answer as it should.", {
    ...details,
    ...retry,
  });
}

function toldError(body: string): Told {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? toldIn(value) : {};
  } catch {
    return {};
  }
}

/** OpenAI's `{"error": {…}}`, vLLM's older `{"object": "error", …}`, and FastAPI's `{"detail": …}`. */
function toldIn(value: Readonly<Record<string, unknown>>): Told {
  const error = isJsonObject(value.error) ? value.error : value;
  const message = [error.message, error.error, value.detail].find((text) => typeof text === "string");
  const status = Number(error.code ?? error.status);
  return {
    ...(typeof message === "string" && message !== "" && { message: oneLine(message) }),
    ...(typeof error.param === "string" && error.param !== "" && { field: error.param.slice(0, 200) }),
    ...(Number.isInteger(status) && status >= 400 && status <= 599 && { status }),
    ...(!Number.isInteger(status) && isCallersFault(error.type ?? error.code) && { status: 400 }),
  };
}

const isCallersFault = (type: unknown): boolean =>
  typeof type === "string" && /invalid_request_error|BadRequest|context_length|ValidationError/i.test(type);

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim().slice(0, LONGEST_MESSAGE);
