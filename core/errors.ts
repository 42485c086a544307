/**
 * The closed list of errors a customer can meet. Whether a request may be sent again is decided here, once; how an
 * error looks on the wire is each protocol's business (protocols/<name>/error.ts).
 */
interface ErrorFacts {
  /** HTTP status, the same in every protocol. */
  readonly status: number;
  /** Whether the same request may succeed later without a change. */
  readonly retryable: boolean;
  readonly meaning: string;
}

const caller = (status: number, meaning: string): ErrorFacts => ({ status, retryable: false, meaning });
const ours = (status: number, meaning: string): ErrorFacts => ({ status, retryable: true, meaning });

export const ERRORS = {
  malformed_body: caller(400, "the body is not what its content type says: bad JSON, or a truncated binary tensor"),
  invalid_field: caller(400, "one field has a wrong type, value or length"),
  missing_field: caller(400, "a required field or input is absent"),
  unknown_field: caller(400, "a field or input that the model or the protocol does not have"),
  invalid_shape: caller(400, "a tensor's shape does not fit the model or its own data"),
  invalid_datatype: caller(400, "a tensor's datatype is not the one that the model takes"),
  unsupported_task: caller(400, "the model exists but does not do what this route asks for"),
  missing_key: caller(401, "no API key was sent"),
  invalid_key: caller(401, "the API key is unknown, expired or revoked; the answer is the same for all three"),
  not_allowed: caller(403, "the key is valid but its scope does not include this model or route"),
  unknown_route: caller(404, "no such path"),
  unknown_model: caller(404, "no model of that name is published"),
  unknown_version: caller(404, "the model has no such version"),
  unknown_job: caller(404, "the tenant has no job of that id, or not any more"),
  unknown_file: caller(404, "the tenant has no file of that id, or not any more"),
  unknown_batch: caller(404, "the tenant has no batch of that id, or not any more"),
  method_not_allowed: caller(405, "the path exists but not with this method"),
  idempotency_key_reused: caller(422, "the Idempotency-Key came before with another request"),
  payload_too_large: caller(413, "the body is over the limit"),
  cancelled: caller(499, "the caller went away before the answer was complete"),
  rate_limited: ours(429, "more requests, tokens or parallel requests than the tenant or its key may have now"),
  budget_exceeded: caller(429, "the budget of the tenant or its key is used up, or too small for this request"),
  overloaded: ours(429, "more requests than this deployment takes right now"),
  internal: ours(500, "a fault of ours"),
  interrupted: caller(
    500,
    "the process that answered died; nothing runs again under this Idempotency-Key, another one is needed",
  ),
  model_not_ready: ours(503, "the version exists but cannot answer: its files are corrupt, absent, or do not load"),
  dependency_unavailable: ours(503, "a service that this request needs does not answer"),
  deadline_exceeded: ours(504, "the answer did not come in time"),
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** Where in the request, as a path a person can find: `inputs[0].shape`. */
  readonly field?: string;
  /** Seconds after which a retry makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

const BRAND = Symbol.for("farthing.error");

/** `message` is for the customer: what happened, the value received, what is allowed. It never holds a secret. */
export class FarthingError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "FarthingError";
    this.code = code;
    this.field = details.field;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** By brand: bundles hold several copies of a class, so `instanceof` would miss some. */
export function isFarthingError(error: unknown): error is FarthingError {
  return typeof error === "object" && error !== null && BRAND in error;
}

/** What a customer may see of any error: ours as they are, everything else as `internal` without its words. */
export function asFarthingError(error: unknown): FarthingError {
  if (isFarthingError(error)) return error;
  return new FarthingError("internal", "The request failed for a reason on our side; it was not charged.", {
    cause: error,
  });
}

/** A received value as it may stand in a message: short, on one line. */
export function show(value: unknown, maxLength = 80): string {
  const text = typeof value === "bigint" ? `${value}` : (JSON.stringify(value) ?? String(value));
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}
