/**
 * `x-ratelimit-*` as OpenAI sends them: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 * `remaining` is what this environment knows to pass at once; elsewhere there may be more.
 */
import type { RateLimit } from "./shares.ts";

export interface RateState {
  readonly limit: RateLimit;
  /** As the limit is set: requests per second, tokens per minute. */
  readonly shown: number;
  readonly level: number;
}

export function rateHeaders(
  requests: RateState | undefined,
  tokens: RateState | undefined,
): Readonly<Record<string, string>> {
  return { ...(requests && headersOf("requests", requests)), ...(tokens && headersOf("tokens", tokens)) };
}

function headersOf(what: string, { limit, shown, level }: RateState): Record<string, string> {
  const remaining = Math.max(0, Math.min(limit.burst, level));
  return {
    [`x-ratelimit-limit-${what}`]: String(shown),
    [`x-ratelimit-remaining-${what}`]: String(Math.floor(remaining)),
    [`x-ratelimit-reset-${what}`]: duration((limit.burst - remaining) / limit.perSecond),
  };
}

/** As Go prints durations: `12ms`, `1s`, `6m0s`. */
export function duration(seconds: number): string {
  const millis = Math.ceil(seconds * 1000);
  if (millis < 1000) return `${millis}ms`;
  const whole = Math.ceil(millis / 1000);
  if (whole < 60) return `${millis / 1000}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${whole % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${whole % 60}s`;
}
