const BRAND = Symbol.for("farthing.local.service-error");

/** An error that a caller of an AWS API gets: the service's own code and status, written in the service's own form. */
export class ServiceError extends Error {
  readonly [BRAND] = true;
  readonly code: string;
  readonly status: number;
  /** S3's error elements beside Code and Message: `{ Key: "…" }`. */
  readonly details: Readonly<Record<string, string>>;
  /** S3 sends some conditions as headers: `Content-Range` with a 416. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly details?: Record<string, string>; readonly headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "ServiceError";
    this.status = status;
    this.code = code;
    this.details = more.details ?? {};
    this.headers = more.headers ?? {};
  }
}

export function isServiceError(error: unknown): error is ServiceError {
  return typeof error === "object" && error !== null && BRAND in error;
}
