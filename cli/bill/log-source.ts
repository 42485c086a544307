/** Usage lines and Lambda's reports from an environment's log groups in CloudWatch Logs. */
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { UsageLine } from "../../core/metering/usage-line.ts";
import { readUsageLine } from "../../core/metering/usage-line-schema.ts";
import type { LambdaReport } from "../../core/pricing/cost/billed-hour.ts";
import { readLambdaReport } from "../../core/pricing/cost/lambda-report.ts";
import { readEvents } from "../logs/read-events.ts";
import type { BillingSource } from "./billing-source.ts";

/** Any of the terms: a usage line, `REPORT` as text, `platform.report` as JSON. */
const PATTERN = '?"farthing.usage/" ?"Billed Duration" ?"platform.report"';
/** A line is written when its request ends, at most 15 minutes after it began, and arrives a little later. */
const LATEST_LINE_MILLIS = 16 * 60_000;

export function createLogSource(client: CloudWatchLogsClient, environment: string, signal: AbortSignal): BillingSource {
  return {
    async read(from, to) {
      const lines = new Map<string, UsageLine>();
      const ofOtherTimes = new Set<string>();
      const reports: { readonly report: LambdaReport; readonly inTime: boolean }[] = [];
      let unreadable = 0;
      const query = { environment, from, to: to + LATEST_LINE_MILLIS, pattern: PATTERN, follow: false };
      for await (const { logGroup, message, timestamp } of readEvents(query, {
        client,
        signal,
        sleep: async () => {},
      })) {
        const inTime = timestamp < to;
        const read = readUsageLine(message);
        if (read.type === "invalid" && inTime) unreadable += 1;
        if (read.type === "usage") {
          const at = Date.parse(read.line.at);
          if (at >= from && at < to) lines.set(idOf(read.line), read.line);
          else ofOtherTimes.add(idOf(read.line));
        } else {
          const report = readLambdaReport(message, logGroup.slice(logGroup.lastIndexOf("/") + 1));
          if (report !== undefined) reports.push({ report, inTime });
        }
      }
      return {
        lines: [...lines.values()],
        // A report belongs to the time in which its request began; one without a usage line, to its own.
        reports: reports.flatMap(({ report, inTime }) =>
          lines.has(idOf(report)) || (inTime && !ofOtherTimes.has(idOf(report))) ? [report] : [],
        ),
        unreadable,
      };
    },
  };
}

const idOf = ({ deployment, requestId }: { readonly deployment: string; readonly requestId: string }): string =>
  `${deployment} ${requestId}`;
