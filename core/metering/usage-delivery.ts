/**
 * What CloudWatch Logs sends to a function that subscribes to a log group: JSON, compressed and in base64, with the events of
 * one stream. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
 */
import { gunzipSync } from "node:zlib";
import * as z from "zod/mini";
import type { UsageLine } from "./usage-line.ts";
import { readUsageLine } from "./usage-line-schema.ts";

/** What arrives, at most 1 MB compressed as Lambda's asynchronous events are; text of this kind shrinks tenfold. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

const eventSchema = z.object({ awslogs: z.object({ data: z.string() }) });
const deliverySchema = z.object({
  messageType: z.string(),
  logGroup: z.string(),
  logStream: z.string(),
  logEvents: z.array(z.object({ message: z.string() })),
});

export interface UsageDelivery {
  readonly logGroup: string;
  readonly logStream: string;
  readonly lines: readonly UsageLine[];
  /** What is wrong with lines that are meant as usage lines and cannot be counted. Never their content. */
  readonly problems: readonly string[];
  /** How many lines these are. */
  readonly uncountable: number;
}

/** Throws an Error when the event is none of CloudWatch Logs. */
export function readUsageDelivery(event: unknown): UsageDelivery {
  const { data } = eventSchema.parse(event).awslogs;
  const text = gunzipSync(Buffer.from(data, "base64"), { maxOutputLength: MAX_TEXT_BYTES }).toString("utf8");
  const { messageType, logGroup, logStream, logEvents } = deliverySchema.parse(JSON.parse(text));
  const lines: UsageLine[] = [];
  const problems: string[] = [];
  let uncountable = 0;
  // CONTROL_MESSAGE: CloudWatch Logs asks whether somebody is there.
  for (const { message } of messageType === "DATA_MESSAGE" ? logEvents : []) {
    const read = readUsageLine(message);
    if (read.type === "usage") lines.push(read.line);
    else if (read.type === "invalid") {
      uncountable++;
      problems.push(...read.problems);
    }
  }
  return { logGroup, logStream, lines, problems, uncountable };
}
