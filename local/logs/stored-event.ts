/** One line of a log stream, as it lies on the disk: `[timestamp, ingestion time, message]`. */
export interface StoredEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly ingestionTime: number;
  readonly message: string;
}

/** What an event counts for beside its message. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
export const EVENT_OVERHEAD_BYTES = 26;
export const MAX_EVENT_BYTES = 1_048_576;

export const encodeEvent = ({ timestamp, ingestionTime, message }: StoredEvent): string =>
  `${JSON.stringify([timestamp, ingestionTime, message])}\n`;

/** Undefined for a line that a crash cut short. */
export function decodeEvent(line: string): StoredEvent | undefined {
  try {
    const [timestamp, ingestionTime, message] = JSON.parse(line) as [number, number, string];
    return { timestamp, ingestionTime, message };
  } catch {
    return undefined;
  }
}
