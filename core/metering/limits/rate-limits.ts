import type { Limits } from "../../tenants/terms.ts";
import type { RateLimit } from "./shares.ts";

/** At least one request fits, however slow the rate. */
export const requestLimit = ({ requestsPerSecond }: Limits): RateLimit | undefined =>
  requestsPerSecond === undefined ? undefined : { perSecond: requestsPerSecond, burst: Math.max(1, requestsPerSecond) };

export const tokenLimit = ({ tokensPerMinute }: Limits): RateLimit | undefined =>
  tokensPerMinute === undefined ? undefined : { perSecond: tokensPerMinute / 60, burst: tokensPerMinute };
