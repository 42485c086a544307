/** Whether one request may be answered from the cache, and its answer be kept; decided before anything is looked up. */
import type { InferenceRequest } from "../protocols/spec/inference.ts";
import type { Work } from "../serving/work.ts";
import { cacheWishes } from "./cache-wishes.ts";

export const CACHE_DEFAULTS = { scope: "tenant", maxBytes: 1024 * 1024 } as const;

export type CachePolicy =
  /** The card has no cache. */
  | { readonly type: "none" }
  | { readonly type: "bypass" }
  | {
      readonly type: "use";
      /** False: made anew, and kept in place of what was there. */
      readonly read: boolean;
      readonly maxAgeMillis: number;
      readonly ttlMillis: number;
      readonly maxBytes: number;
      /** Only callers of one scope share answers. */
      readonly scope: string;
      /** Data of the class `restricted`, which stays in this process. */
      readonly isConfined: boolean;
    };

/** Throws `invalid_field` for wishes that mean nothing. */
export function cachePolicy({ version, headers, request, caller }: Work): CachePolicy {
  const wishes = cacheWishes(headers);
  const { cache } = version;
  if (cache === undefined) return { type: "none" };
  if (!wishes.keep || (!wishes.force && !isRepeatable(request))) return { type: "bypass" };
  const isConfined = caller.dataClass === "restricted";
  const isShared = (cache.scope ?? CACHE_DEFAULTS.scope) === "shared" && !isConfined;
  const ttlMillis = cache.ttlSeconds * 1000;
  return {
    type: "use",
    read: wishes.read && wishes.maxAgeMillis > 0,
    maxAgeMillis: Math.min(wishes.maxAgeMillis, ttlMillis),
    ttlMillis,
    maxBytes: cache.maxBytes ?? CACHE_DEFAULTS.maxBytes,
    scope: isShared ? "shared" : `tenant/${caller.dataClass}/${caller.answerScope}`,
    isConfined,
  };
}

/** The same request and version give the same answer. A seed promises that on one kind of processor only. */
const isRepeatable = (request: InferenceRequest): boolean =>
  request.type !== "generation" || request.sampling.temperature === 0;
