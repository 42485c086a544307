import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { decodeEvent, type StoredEvent } from "./stored-event.ts";

/** A log stream: a file of JSON lines, the first of which names it. */
export interface LogStream {
  readonly name: string;
  readonly file: string;
  readonly createdAtMillis: number;
  /** Counted when somebody asks, for streams of earlier runs. */
  statistics: StreamStatistics | undefined;
}

export interface StreamStatistics {
  firstEventMillis: number | undefined;
  lastEventMillis: number | undefined;
  lastIngestionMillis: number | undefined;
  storedBytes: number;
}

export interface LogGroup {
  readonly name: string;
  readonly directory: string;
  readonly createdAtMillis: number;
  /** Undefined: events never expire. */
  retentionInDays: number | undefined;
  readonly streams: Map<string, LogStream>;
}

export interface IndexedEvent extends StoredEvent {
  /** Position in the stream, from 0. */
  readonly index: number;
}

const MAX_READABLE_LENGTH = 80;

/** Readable, safe as a file name, and different for different names (which may hold slashes and dots). */
export function fileNameOf(name: string): string {
  const readable = name.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, MAX_READABLE_LENGTH);
  return `${readable}-${createHash("sha256").update(name).digest("hex").slice(0, 12)}`;
}

export const encodeHeader = (name: string, createdAtMillis: number): string =>
  `${JSON.stringify({ stream: name, createdAtMillis })}\n`;

/** In the order of ingestion, one line in memory at a time; nothing when the file is not there. */
export async function* readEvents(stream: LogStream): AsyncGenerator<IndexedEvent> {
  let index = 0;
  let header = true;
  try {
    for await (const line of createInterface({ input: createReadStream(stream.file), crlfDelay: Infinity })) {
      if (header) {
        header = false;
        continue;
      }
      const event = decodeEvent(line);
      if (event !== undefined) yield { ...event, index: index++ };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

export const noStatistics = (): StreamStatistics => ({
  firstEventMillis: undefined,
  lastEventMillis: undefined,
  lastIngestionMillis: undefined,
  storedBytes: 0,
});

export function count(statistics: StreamStatistics, event: StoredEvent): void {
  const { timestamp } = event;
  statistics.firstEventMillis = Math.min(statistics.firstEventMillis ?? timestamp, timestamp);
  statistics.lastEventMillis = Math.max(statistics.lastEventMillis ?? timestamp, timestamp);
  statistics.lastIngestionMillis = event.ingestionTime;
  statistics.storedBytes += Buffer.byteLength(event.message);
}

export async function statisticsOf(stream: LogStream): Promise<StreamStatistics> {
  if (stream.statistics === undefined) {
    const statistics = noStatistics();
    for await (const event of readEvents(stream)) count(statistics, event);
    stream.statistics = statistics;
  }
  return stream.statistics;
}
