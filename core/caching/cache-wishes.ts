/** What a caller asks of the cache, in headers. */
import { FarthingError, show } from "../errors.ts";

export interface CacheWishes {
  /** May an answer that was kept be given? */
  readonly read: boolean;
  /** May the answer be kept? */
  readonly keep: boolean;
  /** Also an answer that might be another one the next time. */
  readonly force: boolean;
  /** Oldest answer that will do, milliseconds. */
  readonly maxAgeMillis: number;
}

const NO_WISHES: CacheWishes = { read: true, keep: true, force: false, maxAgeMillis: Number.POSITIVE_INFINITY };

/**
 * `Cache-Control: no-cache | no-store | max-age=<seconds>`, and `x-farthing-cache: bypass | force`. Other directives of
 * Cache-Control are about caches of HTTP and mean nothing here. Throws `invalid_field`.
 * https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1
 */
export function cacheWishes(headers: Readonly<Record<string, string>>): CacheWishes {
  if (!hasCacheWishes(headers)) return NO_WISHES;
  const own = headers["x-farthing-cache"];
  const control = headers["cache-control"];
  const wish = own?.trim().toLowerCase();
  if (wish !== undefined && wish !== "" && wish !== "bypass" && wish !== "force") {
    throw new FarthingError("invalid_field", `x-farthing-cache: received ${show(own)}; allowed are bypass and force.`, {
      field: "x-farthing-cache",
    });
  }
  const directives = (control ?? "").split(",").map((directive) => directive.trim().toLowerCase());
  const isBypassed = wish === "bypass" || directives.includes("no-store");
  return {
    read: !isBypassed && !directives.includes("no-cache"),
    keep: !isBypassed,
    force: wish === "force",
    maxAgeMillis: maxAgeOf(directives),
  };
}

export const hasCacheWishes = (headers: Readonly<Record<string, string>>): boolean =>
  headers["x-farthing-cache"] !== undefined || headers["cache-control"] !== undefined;

function maxAgeOf(directives: readonly string[]): number {
  const given = directives.find((directive) => directive.startsWith("max-age="));
  if (given === undefined) return Number.POSITIVE_INFINITY;
  const seconds = given.slice("max-age=".length).replace(/^"(.*)"$/, "$1");
  // What cannot be read is taken for the strictest that it could mean.
  return /^\d{1,10}$/.test(seconds) ? Number(seconds) * 1000 : 0;
}
