import type { MethodThrottle, Stage } from "./rest-api.ts";

/**
 * A bucket that holds `burst` tokens and gets `requestsPerSecond` new ones; a request takes one.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
 *
 * Kept as the time at which it will be full again (the generic cell rate algorithm), one number: threads share a bucket by
 * sharing its cell.
 */
export class TokenBucket {
  /** Nanoseconds in which one token comes. */
  readonly #interval: bigint;
  readonly #capacity: bigint;
  readonly #cells: BigInt64Array;
  readonly #cell: number;

  /** Ranges: both at least 0. `cells[cell]` is 0 for a full bucket; default: a cell of its own. */
  constructor(
    limit: Pick<MethodThrottle, "requestsPerSecond" | "burst">,
    cells: BigInt64Array = new BigInt64Array(1),
    cell = 0,
  ) {
    const { requestsPerSecond, burst } = limit;
    this.#interval = requestsPerSecond > 0 ? BigInt(Math.ceil(1e9 / requestsPerSecond)) : NEVER / BigInt(burst + 1);
    this.#capacity = this.#interval * BigInt(burst);
    this.#cells = cells;
    this.#cell = cell;
  }

  take(nowMillis: number): boolean {
    const now = BigInt(Math.round(nowMillis * 1e6));
    for (;;) {
      const full = Atomics.load(this.#cells, this.#cell);
      const next = (full > now ? full : now) + this.#interval;
      if (next - now > this.#capacity) return false;
      if (Atomics.compareExchange(this.#cells, this.#cell, full, next) === full) return true;
    }
  }
}

/** Nanoseconds: 73 years. */
const NEVER = 2n ** 61n;

/** The limits of a stage: one bucket for each method that one applies to; the most specific setting wins. */
export class StageThrottle {
  readonly #throttles: readonly MethodThrottle[];
  readonly #buckets = new Map<string, TokenBucket | undefined>();
  readonly #cells: BigInt64Array | undefined;

  /** `cells`: one for each method of each resource, shared with whoever else keeps these limits. Default: its own. */
  constructor(stage: Pick<Stage, "throttles">, cells?: BigInt64Array) {
    this.#cells = cells;
    const specificity = ({ resourcePath, httpMethod }: MethodThrottle) =>
      (resourcePath === "/*" ? 0 : 2) + (httpMethod === "*" ? 0 : 1);
    this.#throttles = stage.throttles.toSorted((a, b) => specificity(b) - specificity(a));
  }

  /** `place`: of the method among all methods of the API. */
  allows(resourcePath: string, httpMethod: string, nowMillis: number, place = 0): boolean {
    if (this.#throttles.length === 0) return true;
    const key = `${httpMethod} ${resourcePath}`;
    if (!this.#buckets.has(key)) {
      const limit = this.#throttles.find(
        (throttle) =>
          (throttle.resourcePath === "/*" || throttle.resourcePath === resourcePath) &&
          (throttle.httpMethod === "*" || throttle.httpMethod === httpMethod),
      );
      this.#buckets.set(key, limit && new TokenBucket(limit, this.#cells, this.#cells && place));
    }
    return this.#buckets.get(key)?.take(nowMillis) ?? true;
  }
}
