/**
 * One structured log line per request: the source of truth for reconciliation. It reaches stdout before the last byte of
 * the answer, and holds no prompt, no answer and no key. Fields are only ever added; a change of meaning is a new version.
 */
export const USAGE_LINE_VERSION = "farthing.usage/1";

export interface UsageLine {
  readonly usage: typeof USAGE_LINE_VERSION;
  readonly requestId: string;
  /** ISO 8601, when the request was decoded. */
  readonly at: string;
  readonly tenant: string;
  /** Prefix of the key, never the key. */
  readonly key: string;
  readonly route: string;
  readonly model: string;
  /** Full digest; empty when the request failed before a version was chosen. */
  readonly version: string;
  readonly target: "function" | "remote-function" | "none";
  readonly deployment: string;
  readonly status: number;
  /** Error code when the request failed. A request that failed before anything was delivered costs its caller nothing. */
  readonly error?: string;
  /** It failed after its answer had begun: the line counts, and charges, what was delivered until then. */
  readonly delivered?: true;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly inferenceMillis: number;
  readonly durationMillis: number;
  readonly coldStart: boolean;
  readonly priceUsd: number;
}
