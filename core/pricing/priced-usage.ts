/** What prices are computed from. Tokens and bytes are whole numbers; times are exact to the microsecond. */

export interface Quantities {
  /** All input tokens, cached ones included. */
  readonly inputTokens: number;
  /** Input tokens that the model did not have to read again; at most `inputTokens`. Default 0. */
  readonly cachedInputTokens?: number;
  readonly outputTokens: number;
  /** Time in the model, queueing excluded. */
  readonly inferenceMillis: number;
  readonly requestBytes: number;
  /** Body of the answer; of a stream, what went out before its price was said. */
  readonly responseBytes: number;
}

/** One answered request. */
export interface PricedUsage extends Quantities {
  /** From the cache: the quantities are those of the answer when it was made. Default false. */
  readonly cacheHit?: boolean;
  /** What the request costs at list prices (request-cost.ts). Needed by a price with a mark-up on cost. */
  readonly costPicodollars?: bigint;
}

/** What one tenant used of one model in the calendar month (UTC) before the request. */
export interface MonthToDate extends Quantities {
  readonly requests: number;
}

export const NOTHING_USED: MonthToDate = {
  requests: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  inferenceMillis: 0,
  requestBytes: 0,
  responseBytes: 0,
};
