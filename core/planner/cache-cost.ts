/**
 * What a serverless cache costs: what it stores by the GB-hour and what it processes by the unit (ECPU), each with a least that is
 * billed. https://aws.amazon.com/elasticache/pricing/
 */
import { MILLION, type PriceBook } from "../pricing/price-book.ts";

export const MILLIS_PER_HOUR = 3_600_000;
export const SECONDS_PER_HOUR = 3600;
/** As AWS meters storage elsewhere: in powers of two. */
export const BYTES_PER_GB = 1024 ** 3;

export interface CachePrices {
  readonly usdPerGbHour: number;
  readonly usdPerMillionUnits: number;
  /** Stored GB that are billed at least. */
  readonly leastGb: number;
}

/** What the service holds a cache to. */
export interface CacheLimits {
  readonly maxGb: number;
  readonly maxUnitsPerSecond: number;
  /** Kept ready and billed whether they are used or not; 0: none. */
  readonly minUnitsPerSecond: number;
}

export const cachePricesOf = ({ elasticacheServerlessValkey: prices }: PriceBook): CachePrices => ({
  usdPerGbHour: prices.gbHour,
  usdPerMillionUnits: prices.perMEcpu,
  leastGb: prices.minGb,
});

/** Of one unit a second for an hour, USD. */
export const usdPerUnitHour = ({ usdPerMillionUnits }: CachePrices): number =>
  (usdPerMillionUnits * SECONDS_PER_HOUR) / MILLION;

/** Of an hour at the limits, USD: nothing that anybody asks of the cache can cost more. */
export const worstUsdPerHour = (
  { maxGb, maxUnitsPerSecond }: Pick<CacheLimits, "maxGb" | "maxUnitsPerSecond">,
  prices: CachePrices,
): number => Math.max(maxGb, prices.leastGb) * prices.usdPerGbHour + maxUnitsPerSecond * usdPerUnitHour(prices);

/** What one hour used. */
export interface HourOfUse {
  readonly storedGb: number;
  readonly units: number;
  /** What was kept ready in it, units a second. */
  readonly minUnitsPerSecond: number;
}

/** Of an hour as it was used, USD. The least is billed though nothing was asked. */
export const usedUsd = ({ storedGb, units, minUnitsPerSecond }: HourOfUse, prices: CachePrices): number =>
  Math.max(storedGb, prices.leastGb) * prices.usdPerGbHour +
  (Math.max(units, minUnitsPerSecond * SECONDS_PER_HOUR) / MILLION) * prices.usdPerMillionUnits;
