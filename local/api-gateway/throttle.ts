import type { MethodThrottle, Stage } from "./rest-api.ts";

/**
 * A bucket that holds `burst` tokens and gets `requestsPerSecond` new ones; a request takes one.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
 */
export class TokenBucket {
  readonly #requestsPerMilli: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  /** Ranges: both at least 0. */
  constructor(limit: Pick<MethodThrottle, "requestsPerSecond" | "burst">, nowMillis: number) {
    this.#requestsPerMilli = limit.requestsPerSecond / 1000;
    this.#burst = limit.burst;
    this.#tokens = limit.burst;
    this.#filledAt = nowMillis;
  }

  take(nowMillis: number): boolean {
    const elapsed = Math.max(0, nowMillis - this.#filledAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#requestsPerMilli);
    this.#filledAt = Math.max(this.#filledAt, nowMillis);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** The limits of a stage: one bucket for each method that one applies to; the most specific setting wins. */
export class StageThrottle {
  readonly #throttles: readonly MethodThrottle[];
  readonly #buckets = new Map<string, TokenBucket | undefined>();

  constructor(stage: Pick<Stage, "throttles">) {
    const specificity = ({ resourcePath, httpMethod }: MethodThrottle) =>
      (resourcePath === "/*" ? 0 : 2) + (httpMethod === "*" ? 0 : 1);
    this.#throttles = stage.throttles.toSorted((a, b) => specificity(b) - specificity(a));
  }

  allows(resourcePath: string, httpMethod: string, nowMillis: number): boolean {
    if (this.#throttles.length === 0) return true;
    const key = `${httpMethod} ${resourcePath}`;
    if (!this.#buckets.has(key)) {
      const limit = this.#throttles.find(
        (throttle) =>
          (throttle.resourcePath === "/*" || throttle.resourcePath === resourcePath) &&
          (throttle.httpMethod === "*" || throttle.httpMethod === httpMethod),
      );
      this.#buckets.set(key, limit && new TokenBucket(limit, nowMillis));
    }
    return this.#buckets.get(key)?.take(nowMillis) ?? true;
  }
}
