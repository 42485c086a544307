/** Usage limits as the API takes them. https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheUsageLimits.html */
import { ServiceError } from "../endpoint/service-error.ts";
import type { UsageLimits } from "./caches.ts";

type Limit = NonNullable<UsageLimits["dataStorage"]>;

const RANGES = {
  DataStorage: { least: 1, most: 5_000 },
  ECPUPerSecond: { least: 1_000, most: 15_000_000 },
} as const;

/**
 * A limit that is not named stays, one that is 0 goes. Throws ServiceError for what the service would not take.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html under "Removing scaling limits"
 */
export function changedLimits(before: UsageLimits, parameters: URLSearchParams): UsageLimits {
  if (hasStorage(parameters) && parameters.get("CacheUsageLimits.DataStorage.Unit") !== "GB") {
    throw invalid("DataStorage needs the Unit GB");
  }
  return {
    dataStorage: changed("DataStorage", before.dataStorage, parameters),
    ecpuPerSecond: changed("ECPUPerSecond", before.ecpuPerSecond, parameters),
  };
}

const hasStorage = (parameters: URLSearchParams): boolean =>
  [...parameters.keys()].some((name) => name.startsWith("CacheUsageLimits.DataStorage."));

function changed(kind: keyof typeof RANGES, before: Limit | undefined, parameters: URLSearchParams): Limit {
  const { least, most } = RANGES[kind];
  const limitOf = (which: "Minimum" | "Maximum", old: number | undefined): number | undefined => {
    const text = parameters.get(`CacheUsageLimits.${kind}.${which}`);
    if (text === null) return old;
    const value = Number(text);
    if (value === 0) return undefined;
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw invalid(`${kind}.${which} must be an integer from ${least} to ${most}, or 0 for none; received ${text}`);
  };
  const minimum = limitOf("Minimum", before?.minimum);
  const maximum = limitOf("Maximum", before?.maximum);
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    throw invalid(`the minimum of ${kind}, ${minimum}, is above its maximum, ${maximum}`);
  }
  return { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
}

const invalid = (message: string) => new ServiceError(400, "InvalidParameterValue", message);
