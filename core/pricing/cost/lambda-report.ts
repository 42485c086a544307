/**
 * What Lambda itself says of an invocation in a function's log: `REPORT …` as text, or `platform.report` as JSON.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
 * https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
 */
import type { LambdaReport } from "./billed-hour.ts";

const TEXT = /^REPORT RequestId: (\S+)\t.*?Billed Duration: (\d+) ms\tMemory Size: (\d+) MB/;

/** Undefined: some other line. `deployment`: whose log it stands in. */
export function readLambdaReport(message: string, deployment: string): LambdaReport | undefined {
  if (message.startsWith("REPORT ")) {
    const [, requestId, billed, memory] = TEXT.exec(message) ?? [];
    return reportOf(deployment, requestId, Number(billed), Number(memory));
  }
  if (!message.includes('"platform.report"')) return undefined;
  const { type, record } = parsed(message);
  if (type !== "platform.report") return undefined;
  return reportOf(deployment, record?.requestId, record?.metrics?.billedDurationMs, record?.metrics?.memorySizeMB);
}

function reportOf(deployment: string, requestId: unknown, billed: unknown, memory: unknown): LambdaReport | undefined {
  if (typeof requestId !== "string" || !isCount(billed) || !isCount(memory)) return undefined;
  return { deployment, requestId, billedMillis: billed, memoryMegabytes: memory };
}

interface PlatformLine {
  readonly type?: unknown;
  readonly record?: { readonly requestId?: unknown; readonly metrics?: Readonly<Record<string, unknown>> };
}

function parsed(message: string): PlatformLine {
  try {
    return (JSON.parse(message) ?? {}) as PlatformLine;
  } catch {
    return {};
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
