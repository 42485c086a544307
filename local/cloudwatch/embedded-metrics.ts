import * as z from "zod";
import { Distribution } from "./distribution.ts";
import type { Datum } from "./metric-store.ts";
import { UNITS } from "./units.ts";

/**
 * Metrics that a log line carries (embedded metric format): `_aws.CloudWatchMetrics` says which members of the line are
 * metrics, and which are their dimensions.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const MAX_METRICS_PER_DIRECTIVE = 100;
const MAX_VALUES_PER_METRIC = 100;
const MAX_DIMENSIONS = 30;

const metricDefinition = z.object({
  Name: z.string().min(1).max(1024),
  Unit: z.enum(UNITS).default("None"),
  StorageResolution: z.union([z.literal(1), z.literal(60)]).default(60),
});
const directive = z.object({
  Namespace: z.string().min(1).max(1024),
  Dimensions: z.array(z.array(z.string().min(1).max(250)).max(MAX_DIMENSIONS)),
  Metrics: z.array(metricDefinition).max(MAX_METRICS_PER_DIRECTIVE),
});
const metadata = z.object({
  Timestamp: z.int().min(0),
  CloudWatchMetrics: z.array(directive),
});
const metricValue = z.union([z.number(), z.array(z.number()).min(1).max(MAX_VALUES_PER_METRIC)]);

export type EmbeddedMetrics =
  | { readonly type: "none" }
  /** A line that means to carry metrics, and of which CloudWatch would take none, or not all. */
  | { readonly type: "metrics"; readonly data: readonly Datum[]; readonly problems: readonly string[] };

export function readEmbeddedMetrics(line: string): EmbeddedMetrics {
  // Most lines are no metrics: only those that can be are parsed.
  if (!line.includes('"_aws"')) return { type: "none" };
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    return { type: "none" };
  }
  if (typeof document !== "object" || document === null || !("_aws" in document)) return { type: "none" };
  const members = document as Readonly<Record<string, unknown>>;
  const parsed = readMetadata(members._aws);
  if (!parsed.success) return { type: "metrics", data: [], problems: [`_aws: ${z.prettifyError(parsed.error)}`] };

  const data: Datum[] = [];
  const problems: string[] = [];
  for (const { Namespace, Dimensions, Metrics } of parsed.data.CloudWatchMetrics) {
    for (const names of Dimensions.length === 0 ? [[]] : Dimensions) {
      const missing = names.find((name) => typeof members[name] !== "string" || members[name] === "");
      if (missing !== undefined) {
        problems.push(`dimension ${missing} is no text: ${JSON.stringify(members[missing])}`);
        continue;
      }
      const dimensions = Object.fromEntries(names.map((name) => [name, members[name] as string]));
      for (const { Name, Unit, StorageResolution } of Metrics) {
        const values = distributionOf(members[Name]);
        if (values === undefined) {
          problems.push(`metric ${Name} is no number: ${JSON.stringify(members[Name])}`);
          continue;
        }
        data.push({
          namespace: Namespace,
          name: Name,
          dimensions,
          timestampMillis: parsed.data.Timestamp,
          unit: Unit,
          resolution: StorageResolution,
          values,
        });
      }
    }
  }
  return { type: "metrics", data, problems };
}

/** Metadata that was read before, by its text without the time: the lines of one function differ in nothing else. */
const READ = new Map<string, readonly z.output<typeof directive>[]>();
const MAX_READ = 200;

function readMetadata(value: unknown): ReturnType<typeof metadata.safeParse> {
  const { CloudWatchMetrics, Timestamp } = (value ?? {}) as Partial<z.input<typeof metadata>>;
  const text = JSON.stringify(CloudWatchMetrics) ?? "";
  const known = READ.get(text);
  if (known !== undefined && Number.isSafeInteger(Timestamp) && (Timestamp as number) >= 0) {
    return { success: true, data: { Timestamp: Timestamp as number, CloudWatchMetrics: [...known] } };
  }
  const parsed = metadata.safeParse(value);
  if (parsed.success && READ.size < MAX_READ) READ.set(text, parsed.data.CloudWatchMetrics);
  return parsed;
}

function distributionOf(member: unknown): Distribution | undefined {
  if (typeof member === "number" && Number.isFinite(member)) {
    const single = new Distribution();
    single.add(member);
    return single;
  }
  const parsed = metricValue.safeParse(member);
  if (!parsed.success) return undefined;
  const distribution = new Distribution();
  for (const value of [parsed.data].flat()) distribution.add(value);
  return distribution;
}
