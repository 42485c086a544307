/** What keeps state: the cache, DynamoDB and S3. Their metrics know the units; requests share them alike, or by size. */
import { HOURS_PER_MONTH } from "../../price-book.ts";
import type { HourMeasures } from "../billed-hour.ts";
import type { Charge, Component } from "../component.ts";
import { costOf } from "../exact.ts";

/** Fractions of a GB are billed; here to the byte. */
const BYTES_PER_GB = 1024 ** 3;

/** A unit moves up to 1 kB: https://aws.amazon.com/elasticache/pricing/ */
export const cache: Component = ({ lines, measured }, { elasticacheServerlessValkey: price }) => {
  if (measured.cache === undefined) return [];
  const { processingUnits, averageGb } = measured.cache;
  // Larger answers are more units to store and to read.
  const weights = lines.map(({ responseBytes, cache: outcome = "bypass" }) =>
    outcome === "bypass" ? 0 : Math.max(1, Math.ceil(responseBytes / 1_000)),
  );
  const gbHours = Math.max(price.minGb, averageGb) * hoursOf(measured);
  return [
    {
      item: "processing units",
      quantity: processingUnits,
      unit: "units",
      picodollars: costOf(BigInt(Math.round(processingUnits)), price.perMEcpu, 1_000_000n),
      weights,
    },
    { ...stored("data", gbHours, price.gbHour, 1), unit: "GB-hours", quantity: gbHours, weights },
  ];
};

/** https://aws.amazon.com/dynamodb/pricing/on-demand/ */
export const dynamoDb: Component = ({ measured }, { dynamodb: price }) => {
  if (measured.dynamoDb === undefined) return [];
  const { readUnits, writeUnits, storedGb } = measured.dynamoDb;
  return [
    counted("reads", readUnits, "read units", price.rruPerM, 1_000_000n),
    counted("writes", writeUnits, "write units", price.wruPerM, 1_000_000n),
    stored("data", storedGb * hoursOf(measured), price.gbMonth, HOURS_PER_MONTH),
  ];
};

/** https://aws.amazon.com/s3/pricing/ */
export const s3: Component = ({ measured }, { s3: price }) => {
  if (measured.s3 === undefined) return [];
  const { gets, puts, storedGb } = measured.s3;
  return [
    counted("reads", gets, "requests", price.getPer1k, 1_000n),
    counted("writes", puts, "requests", price.putPer1k, 1_000n),
    stored("data", storedGb * hoursOf(measured), price.gbMonth, HOURS_PER_MONTH),
  ];
};

const hoursOf = ({ hours = 1 }: HourMeasures): number => hours;

/** Eventually consistent reads are half units: counted in thousandths. */
const counted = (item: string, quantity: number, unit: string, usd: number, unitsPerPrice: bigint): Charge => ({
  item,
  quantity,
  unit,
  picodollars: costOf(BigInt(Math.round(quantity * 1_000)), usd, unitsPerPrice * 1_000n),
});

/** GB-hours at `usd` for a GB over `hours`. */
const stored = (item: string, gbHours: number, usd: number, hours: number): Charge => ({
  item,
  quantity: gbHours / hours,
  unit: "GB-months",
  picodollars: costOf(BigInt(Math.round(gbHours * BYTES_PER_GB)), usd, BigInt(BYTES_PER_GB) * BigInt(hours)),
});
