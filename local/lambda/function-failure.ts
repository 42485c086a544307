const BRAND = Symbol.for("farthing.local.function-failure");

/** The document that a caller gets when a function fails. */
export interface FailureDocument {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** The function itself failed, in the middle of an answer that had begun; thrown by the answer's body. */
export class FunctionFailure extends Error {
  readonly [BRAND] = true;
  readonly document: FailureDocument;

  constructor(document: FailureDocument) {
    super(`${document.errorType}: ${document.errorMessage}`);
    this.name = "FunctionFailure";
    this.document = document;
  }
}

export function isFunctionFailure(error: unknown): error is FunctionFailure {
  return typeof error === "object" && error !== null && BRAND in error;
}

/** How Lambda words its own reports: `RequestId: … Error: …`. */
export const sandboxFailure = (requestId: string, errorType: string, what: string): FailureDocument => ({
  errorType,
  errorMessage: `RequestId: ${requestId} Error: ${what}`,
});
