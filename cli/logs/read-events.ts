/** Events of a deployment's log groups, oldest first, and then, when asked to follow, as they come. */
import {
  type CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import type { LogEvent } from "../rendering/event-line.ts";

export interface LogQuery {
  readonly environment: string;
  /** Undefined: all deployments. */
  readonly deployment?: string;
  /** CloudWatch's filter pattern. */
  readonly pattern?: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** The first millisecond that is not asked for. Undefined: until now. */
  readonly to?: number;
  /** Ask again after the last event, until `signal` says stop. */
  readonly follow: boolean;
}

export interface LogReading {
  readonly client: CloudWatchLogsClient;
  readonly signal: AbortSignal;
  /** Resolves after that time, or when `signal` says stop. */
  readonly sleep: (millis: number) => Promise<void>;
}

/** FilterLogEvents has a quota of 5 calls a second and account in some regions; a deployment has a handful of groups. */
const POLL_MILLIS = 1_000;
/** Events may arrive a little after others that are younger: that much is read again, and what was seen is left out. */
const OVERLAP_MILLIS = 5_000;

/** Throws an Error that lists the log groups there are when there is none of that name. */
export async function* readEvents(query: LogQuery, reading: LogReading): AsyncGenerator<LogEvent> {
  const groups = await logGroups(query, reading.client);
  const seen = new Map<string, number>();
  let from = query.from;
  do {
    const found = (await Promise.all(groups.map((group) => eventsSince(group, from, query, reading)))).flat();
    const fresh = found.filter(({ id }) => !seen.has(id)).sort((a, b) => a.timestamp - b.timestamp);
    for (const { id, ...event } of fresh) {
      seen.set(id, event.timestamp);
      yield event;
    }
    from = Math.max(from, (fresh.at(-1)?.timestamp ?? from) - OVERLAP_MILLIS);
    for (const [id, timestamp] of seen) if (timestamp < from) seen.delete(id);
    if (query.follow) await reading.sleep(POLL_MILLIS);
  } while (query.follow && !reading.signal.aborted);
}

async function logGroups(
  { environment, deployment }: LogQuery,
  client: CloudWatchLogsClient,
): Promise<readonly string[]> {
  const prefix = `/farthing/${environment}/`;
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix, nextToken }));
    names.push(...(page.logGroups ?? []).flatMap(({ logGroupName }) => logGroupName ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  if (deployment === undefined) return names;
  const wanted = `${prefix}${deployment}`;
  if (names.includes(wanted)) return [wanted];
  const known = names.map((name) => name.slice(prefix.length)).join(", ") || "none";
  throw new Error(`${environment} has no log "${deployment}"; there is: ${known}`);
}

async function eventsSince(
  logGroup: string,
  from: number,
  { pattern, to }: LogQuery,
  { client, signal }: LogReading,
): Promise<readonly (LogEvent & { readonly id: string })[]> {
  const events: (LogEvent & { readonly id: string })[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new FilterLogEventsCommand({
        logGroupName: logGroup,
        startTime: from,
        // CloudWatch's own end is part of the range.
        endTime: to === undefined ? undefined : to - 1,
        filterPattern: pattern,
        nextToken,
      }),
    );
    for (const { eventId = "", timestamp = 0, message = "" } of page.events ?? []) {
      events.push({ id: eventId, timestamp, message, logGroup });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined && !signal.aborted);
  return events;
}
