/** One log event as one line for a person: who did what, in which time, at which price. What it does not know it shows as it is. */
import type { UsageLine } from "../../core/metering/usage-line.ts";
import { versionId } from "../../core/models/registry.ts";
import type { Style } from "../terminal.ts";

export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** `/farthing/<environment>/<deployment>` */
  readonly logGroup: string;
  readonly message: string;
}

export function eventLine({ timestamp, logGroup, message }: LogEvent, style: Style): string {
  const time = new Date(timestamp).toISOString().slice(11, 23);
  const deployment = logGroup.slice(logGroup.lastIndexOf("/") + 1);
  return `${style.dim(time)}  ${deployment}  ${words(message.trimEnd(), style)}`;
}

function words(message: string, style: Style): string {
  const record = parsed(message);
  if (isUsageLine(record)) return usageWords(record, style);
  if (isAccessLine(record)) return accessWords(record, style);
  const { level, message: text } = record ?? {};
  if (typeof level === "string" && typeof text === "string") return logWords(level, text, record ?? {}, style);
  return message;
}

function usageWords(line: UsageLine, style: Style): string {
  const paint = paintOf(line.status, style);
  const model = line.version === "" ? line.model : `${line.model} ${versionId(line.version)}`;
  return [
    paint(`${line.status}`),
    line.route,
    ...(model === "" ? [] : [model]),
    `${line.durationMillis.toFixed(1)} ms${line.coldStart ? " (cold)" : ""}`,
    `${line.priceUsd} USD`,
    ...(line.tenant === "" ? [] : [`${line.tenant}/${line.key}`]),
    ...(line.error === undefined ? [] : [paint(line.error)]),
  ].join("  ");
}

/** The fields of the API's access log that a person looks for; all of them are text, `-` stands for none. */
interface AccessLine {
  readonly method: string;
  readonly path: string;
  readonly status: string;
  readonly ms: string;
  readonly detail?: string;
}

function accessWords({ method, path, status, ms, detail = "-" }: AccessLine, style: Style): string {
  const reason = detail === "-" ? "" : `  ${detail}`;
  return `${paintOf(Number(status), style)(status)}  ${method} ${path}  ${ms} ms${reason}`;
}

const paintOf = (status: number, style: Style): ((text: string) => string) =>
  status >= 500 ? style.red : status >= 400 ? style.yellow : style.green;

/** A line of Powertools' logger: its text, then what else it carries and a person may need. */
function logWords(level: string, text: string, record: Readonly<Record<string, unknown>>, style: Style): string {
  const rest = Object.entries(record).filter(([key]) => !ENVELOPE.has(key));
  const paint =
    level === "ERROR" || level === "CRITICAL" || level === "FATAL"
      ? style.red
      : level === "WARN"
        ? style.yellow
        : style.dim;
  return `${paint(level)}  ${text}${rest.length === 0 ? "" : `  ${JSON.stringify(Object.fromEntries(rest))}`}`;
}

/** What stands in every line, and says nothing about this one. */
const ENVELOPE = new Set([
  "level",
  "message",
  "timestamp",
  "service",
  "deployment",
  "cold_start",
  "function_arn",
  "function_memory_size",
  "function_name",
  "function_request_id",
  "sampling_rate",
  "xray_trace_id",
]);

const isUsageLine = (record: unknown): record is UsageLine =>
  typeof (record as UsageLine | undefined)?.usage === "string" && typeof (record as UsageLine).route === "string";

const isAccessLine = (record: unknown): record is AccessLine =>
  ["method", "path", "status", "ms"].every(
    (key) => typeof (record as Record<string, unknown> | undefined)?.[key] === "string",
  );

function parsed(message: string): Readonly<Record<string, unknown>> | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    return JSON.parse(message) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
