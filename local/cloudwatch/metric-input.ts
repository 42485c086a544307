import * as z from "zod";
import { Distribution } from "./distribution.ts";
import { invalidValue } from "./errors.ts";
import type { Datum } from "./metric-store.ts";
import { UNITS } from "./units.ts";

/** Numbers that JSON could carry and CloudWatch refuses end here: NaN and the infinities travel as text. */
const finite = z.number();
const name = z.string().min(1).max(1024);

export const unit = z.enum(UNITS);
export const dimensionList = z
  .array(z.strictObject({ Name: z.string().min(1), Value: z.string().min(1) }))
  .max(30)
  .default([]);
export const metricReference = { Namespace: name, MetricName: name, Dimensions: dimensionList };

/** Seconds since the epoch, with a fraction. */
export const timestamp = z.number();

export const metricDatum = z.strictObject({
  MetricName: name,
  Dimensions: dimensionList,
  Timestamp: timestamp.optional(),
  Value: finite.optional(),
  StatisticValues: z.strictObject({ SampleCount: finite, Sum: finite, Minimum: finite, Maximum: finite }).optional(),
  Values: z.array(finite).max(150).optional(),
  Counts: z.array(finite).max(150).optional(),
  Unit: unit.default("None"),
  StorageResolution: z.union([z.literal(1), z.literal(60)]).default(60),
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
const MAX_AGE_MILLIS = 14 * 24 * 3600 * 1000;
const MAX_LEAD_MILLIS = 2 * 3600 * 1000;

/** Throws ServiceError when the datum is not one that CloudWatch would take. */
export function toDatum(namespace: string, datum: z.infer<typeof metricDatum>, nowMillis: number): Datum {
  const timestampMillis = datum.Timestamp === undefined ? nowMillis : datum.Timestamp * 1000;
  if (timestampMillis < nowMillis - MAX_AGE_MILLIS || timestampMillis > nowMillis + MAX_LEAD_MILLIS) {
    throw invalidValue(`The timestamp of ${datum.MetricName} lies more than two weeks back or two hours ahead.`);
  }
  return {
    namespace,
    name: datum.MetricName,
    dimensions: toDimensions(datum.Dimensions),
    timestampMillis,
    unit: datum.Unit,
    resolution: datum.StorageResolution,
    values: readValues(datum),
  };
}

export const toDimensions = (list: readonly { readonly Name: string; readonly Value: string }[]) =>
  Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));

function readValues({ MetricName, Value, Values, Counts, StatisticValues }: z.infer<typeof metricDatum>): Distribution {
  const distribution = new Distribution();
  const given = [Value, Values, StatisticValues].filter((each) => each !== undefined).length;
  if (given !== 1) throw invalidValue(`${MetricName}: exactly one of Value, Values and StatisticValues is required.`);
  if (Value !== undefined) distribution.add(Value);
  if (Values !== undefined) {
    if (Counts !== undefined && Counts.length !== Values.length) {
      throw invalidValue(`${MetricName}: Counts has ${Counts.length} entries, Values ${Values.length}.`);
    }
    for (const [index, value] of Values.entries()) distribution.add(value, Counts?.[index] ?? 1);
  }
  if (StatisticValues !== undefined) {
    const { SampleCount, Sum, Minimum, Maximum } = StatisticValues;
    distribution.addSet({ count: SampleCount, sum: Sum, min: Minimum, max: Maximum });
  }
  return distribution;
}
