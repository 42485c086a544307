import { ServiceError } from "../endpoint/service-error.ts";
import { type FilterPattern, matchesFilter } from "./filter-pattern.ts";
import { type IndexedEvent, type LogStream, readEvents, statisticsOf } from "./log-streams.ts";

export const MAX_PAGE_EVENTS = 10_000;
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html */
const MAX_PAGE_BYTES = 1024 ** 2;

/** Milliseconds since the epoch, both included. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

export interface StreamPage {
  readonly events: readonly IndexedEvent[];
  readonly nextForwardToken: string;
  readonly nextBackwardToken: string;
}

/** One page of one stream, in the order of ingestion. Holds a page in memory, whatever the stream's size. */
export async function streamPage(
  stream: LogStream,
  request: TimeWindow & { readonly limit: number; readonly token: string | undefined; readonly startFromHead: boolean },
): Promise<StreamPage> {
  const { direction, index: start } = readStreamToken(request.token, request.startFromHead);
  const page: IndexedEvent[] = [];
  let bytes = 0;
  for await (const event of readEvents(stream)) {
    if (event.timestamp < request.from || event.timestamp > request.to) continue;
    if (direction === "f") {
      if (event.index < start) continue;
      if (page.length >= request.limit || bytes >= MAX_PAGE_BYTES) break;
    } else if (event.index >= start) {
      break;
    }
    page.push(event);
    bytes += event.message.length;
    // Backwards, the last events before the token are wanted: earlier ones make room.
    while (direction === "b" && (page.length > request.limit || (bytes > MAX_PAGE_BYTES && page.length > 1))) {
      bytes -= page.shift()?.message.length ?? 0;
    }
  }
  const first = page[0]?.index ?? start;
  const after = (page.at(-1)?.index ?? start - 1) + 1;
  return {
    events: page,
    nextForwardToken: `f/${Number.isFinite(after) ? after : 0}`,
    nextBackwardToken: `b/${Number.isFinite(first) ? first : 0}`,
  };
}

function readStreamToken(token: string | undefined, startFromHead: boolean): { direction: "f" | "b"; index: number } {
  if (token === undefined) return startFromHead ? { direction: "f", index: 0 } : { direction: "b", index: Infinity };
  const [, direction, index] = /^([fb])\/(\d{1,15})$/.exec(token) ?? [];
  if (direction === undefined) throw badToken(token);
  return { direction: direction as "f" | "b", index: Number(index) };
}

export interface FoundEvent extends IndexedEvent {
  readonly stream: string;
}

/** Where a search stands: after this event. */
type SearchPosition = readonly [timestamp: number, stream: string, index: number];

/** The next events of several streams that match, by time. Holds at most two pages in memory. */
export async function searchPage(
  streams: readonly LogStream[],
  request: TimeWindow & { readonly limit: number; readonly token: string | undefined; readonly pattern: FilterPattern },
): Promise<{ events: readonly FoundEvent[]; nextToken: string | undefined }> {
  const after = request.token === undefined ? undefined : readSearchToken(request.token);
  let found: FoundEvent[] = [];
  let cut = false;
  const keepFirst = () => {
    found.sort((a, b) => comparePositions(positionOf(a), positionOf(b)));
    cut ||= found.length > request.limit;
    found = found.slice(0, request.limit);
  };
  for (const stream of streams) {
    // Somebody who follows a group asks again and again for its newest lines: streams that have ended are not read.
    if (((await statisticsOf(stream)).lastEventMillis ?? 0) < request.from) continue;
    for await (const event of readEvents(stream)) {
      if (event.timestamp < request.from || event.timestamp > request.to) continue;
      const candidate = { ...event, stream: stream.name };
      if (after !== undefined && comparePositions(positionOf(candidate), after) <= 0) continue;
      if (!matchesFilter(request.pattern, event.message)) continue;
      found.push(candidate);
      if (found.length >= 2 * request.limit) keepFirst();
    }
  }
  keepFirst();
  const events = withinBytes(found);
  const last = events.at(-1);
  const more = cut || events.length < found.length;
  return { events, nextToken: more && last !== undefined ? writeSearchToken(positionOf(last)) : undefined };
}

function withinBytes(events: readonly FoundEvent[]): readonly FoundEvent[] {
  let bytes = 0;
  const end = events.findIndex(({ message }) => {
    bytes += message.length;
    return bytes > MAX_PAGE_BYTES;
  });
  return end < 0 ? events : events.slice(0, Math.max(1, end));
}

const positionOf = ({ timestamp, stream, index }: FoundEvent): SearchPosition => [timestamp, stream, index];

function comparePositions(a: SearchPosition, b: SearchPosition): number {
  return a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0) || a[2] - b[2];
}

const writeSearchToken = (position: SearchPosition) => Buffer.from(JSON.stringify(position)).toString("base64url");

function readSearchToken(token: string): SearchPosition {
  try {
    const [timestamp, stream, index] = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown[];
    if (typeof timestamp === "number" && typeof stream === "string" && typeof index === "number") {
      return [timestamp, stream, index];
    }
  } catch {
    // Not one of ours: the same answer as for one that is no position.
  }
  throw badToken(token);
}

const badToken = (token: string) =>
  new ServiceError(400, "InvalidParameterException", `The specified nextToken is invalid: ${token.slice(0, 40)}`);
