/**
 * What one request costs at list prices, as far as it is known when the request settles: what a price with a mark-up on
 * cost is made of. First price tiers, no idle time, nothing shared: the whole bill is attributed afterwards, by
 * cost/hourly-cost.ts. Rates are read from the price book once, where there is time; this file is for the path of a request.
 */
import { PICODOLLARS_PER_USD } from "./picodollars.ts";
import type { PriceBook } from "./price-book.ts";

/** USD; plain data, so that it can travel in an environment variable. */
export interface CostRates {
  /** Which price book: region and date. */
  readonly priceBook: string;
  readonly gbSecond: Readonly<Record<"x86_64" | "arm64", number>>;
  readonly millionInvocations: number;
  readonly millionGatewayRequests: number;
  readonly gatewayPieceMegabytes: number;
  readonly streamedGb: number;
  readonly egressGb: number;
  readonly logGb: number;
  readonly millionReadUnits: number;
  readonly millionWriteUnits: number;
  readonly millionCacheUnits: number;
}

export interface RequestMeasurements {
  /** Every function that works for it, this one first. */
  readonly invocations: readonly MeasuredInvocation[];
  readonly responseBytes: number;
  readonly logBytes: number;
  readonly dynamoDbReadUnits: number;
  readonly dynamoDbWriteUnits: number;
  readonly cacheUnits: number;
  /** Time on an endpoint's instances; without their idle time. */
  readonly endpoint?: { readonly usdPerHour: number; readonly millis: number };
}

export interface MeasuredInvocation {
  readonly memoryMegabytes: number;
  readonly architecture: "x86_64" | "arm64";
  readonly durationMillis: number;
  /** Of a cold start: billed too. */
  readonly initMillis?: number;
}

export function costRatesOf(book: PriceBook, { firewall }: { readonly firewall: boolean }): CostRates {
  const { lambda, apiGateway, network, cloudwatch, dynamodb, elasticacheServerlessValkey: cache, waf } = book;
  const first = (tiers: readonly (readonly [number | null, number])[]): number => tiers[0]?.[1] ?? 0;
  return {
    priceBook: `${book.region} ${book.compiled}`,
    gbSecond: { x86_64: first(lambda.gbSecond.x86_64), arm64: first(lambda.gbSecond.arm64) },
    millionInvocations: lambda.requestPerM,
    millionGatewayRequests: first(apiGateway.restPerM) + (firewall ? waf.requestPerM : 0),
    gatewayPieceMegabytes: apiGateway.restStreamMeterMB,
    streamedGb: lambda.streamedGbOver6MBPerRequest,
    egressGb: network.egressGb,
    logGb: cloudwatch.logIngestGb,
    millionReadUnits: dynamodb.rruPerM,
    millionWriteUnits: dynamodb.wruPerM,
    millionCacheUnits: cache.perMEcpu,
  };
}

const BYTES_PER_MB = 1024 ** 2;
const BYTES_PER_GB = 1024 ** 3;
const FREE_STREAMED_BYTES = 6 * BYTES_PER_MB;
const MILLION = 1_000_000;

/** Never less when anything of the measurements is more: with the most that may be, it is the most that it can cost. */
export function requestCostPicodollars(rates: CostRates, measured: RequestMeasurements): bigint {
  const { responseBytes, endpoint } = measured;
  const pieces = Math.max(1, Math.ceil(responseBytes / (rates.gatewayPieceMegabytes * BYTES_PER_MB)));
  let usd =
    (pieces * rates.millionGatewayRequests) / MILLION +
    (responseBytes * rates.egressGb) / BYTES_PER_GB +
    (Math.max(0, responseBytes - FREE_STREAMED_BYTES) * rates.streamedGb) / BYTES_PER_GB +
    (measured.logBytes * rates.logGb) / BYTES_PER_GB +
    (measured.dynamoDbReadUnits * rates.millionReadUnits) / MILLION +
    (measured.dynamoDbWriteUnits * rates.millionWriteUnits) / MILLION +
    (measured.cacheUnits * rates.millionCacheUnits) / MILLION;
  for (const { memoryMegabytes, architecture, durationMillis, initMillis = 0 } of measured.invocations) {
    const gbSeconds = (memoryMegabytes / 1024) * (Math.ceil(durationMillis + initMillis) / 1000);
    usd += gbSeconds * rates.gbSecond[architecture] + rates.millionInvocations / MILLION;
  }
  if (endpoint !== undefined) usd += (endpoint.millis / 3_600_000) * endpoint.usdPerHour;
  return BigInt(Math.round(usd * PICODOLLARS_PER_USD));
}
