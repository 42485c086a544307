/**
 * What a log group takes in is billed by its bytes, and 26 for each event.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
 */
import type { Datum } from "../cloudwatch/metric-store.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const EVENT_BYTES = 26;

export const incomingBytes = (
  LogGroupName: string,
  line: string,
  timestampMillis: number,
): Omit<Datum, "values" | "resolution"> & { readonly value: number } => ({
  ...{ namespace: "AWS/Logs", name: "IncomingBytes", dimensions: { LogGroupName } },
  ...{ timestampMillis, unit: "Bytes", value: Buffer.byteLength(line) + EVENT_BYTES },
});
