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
  readonly target: "function" | "remote-function" | "endpoint" | "http" | "none";
  /** Another model answered than `model`, which was asked for; `version` and price are that one's. */
  readonly answeredBy?: string;
  /** Each try at a target and its outcome, when there was more than one: `endpoint=model_not_ready, function(small)=answered`. */
  readonly attempts?: string;
  readonly deployment: string;
  readonly status: number;
  /** Error code when the request failed. A request that failed before anything was delivered costs its caller nothing. */
  readonly error?: string;
  /** It failed after its answer had begun: the line counts, and charges, what was delivered until then. */
  readonly delivered?: true;
  readonly inputTokens: number;
  /** Of the input, tokens that the model did not have to read again. Absent: none, or not told. */
  readonly cachedInputTokens?: number;
  readonly outputTokens: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly inferenceMillis: number;
  readonly durationMillis: number;
  readonly coldStart: boolean;
  /** Of a cold start: how long the process took to start, which Lambda bills with this request. Absent: not billed with it. */
  readonly initMillis?: number;
  readonly priceUsd: number;
  /** Absent: the request did not get as far as the cache, or there is none. */
  readonly cache?: "hit" | "miss" | "coalesced" | "bypass";
  /** It was answered with what an earlier request with its Idempotency-Key was answered; that one was charged. */
  readonly replay?: true;
  /** Leases under which the price was charged: of the tenant, and of the key when it has terms of its own. */
  readonly lease?: string;
  readonly keyLease?: string;
  /** Who wrote the line, and which of its lines for this tenant it is (usage-sequence.ts); together one of a kind. */
  readonly process?: string;
  readonly sequence?: number;
}
