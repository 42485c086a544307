import * as z from "zod";
import { ServiceError } from "../endpoint/service-error.ts";
import type { RequiredPermission } from "../simulator.ts";
import { MAX_PAGE_EVENTS, searchPage, streamPage } from "./event-pages.ts";
import { parseFilterPattern } from "./filter-pattern.ts";
import type { LogStore } from "./log-store.ts";
import { type LogGroup, statisticsOf } from "./log-streams.ts";
import { logGroupArn, logsPermission } from "./permissions.ts";
import { EVENT_OVERHEAD_BYTES, MAX_EVENT_BYTES } from "./stored-event.ts";

/** What operations work with. */
export interface LogsFacts {
  readonly accountId: string;
  readonly region: string;
  readonly clock: () => number;
  readonly store: LogStore;
}

export interface LogsOperation {
  permissions(input: unknown, facts: LogsFacts): RequiredPermission[];
  run(input: unknown, facts: LogsFacts): Promise<unknown>;
}

const DEFAULT_LIST_SIZE = 50;
const MILLIS_PER_DAY = 24 * 3600 * 1000;
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const MAX_BATCH_BYTES = 1_048_576;
const MAX_BATCH_EVENTS = 10_000;
const MAX_EVENT_AGE_MILLIS = 14 * MILLIS_PER_DAY;
const MAX_EVENT_LEAD_MILLIS = 2 * 3600 * 1000;

const groupName = z.string().regex(/^[\w./#-]{1,512}$/);
const streamName = z.string().regex(/^[^:*]{1,512}$/);
const limit = (max: number) => z.int().min(1).max(max).default(max);
/** A group by name, or by name or ARN under the newer parameter. */
const groupReference = { logGroupName: groupName.optional(), logGroupIdentifier: z.string().optional() };

/** Ties an operation's input, permissions and work together: the input is read once for each, by one schema. */
function operation<Schema extends z.ZodType>(
  schema: Schema,
  permissions: (input: z.infer<Schema>, facts: LogsFacts) => RequiredPermission[],
  run: (input: z.infer<Schema>, facts: LogsFacts) => Promise<unknown>,
): LogsOperation {
  const read = (input: unknown): z.infer<Schema> => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return parsed.data;
    throw new ServiceError(400, "InvalidParameterException", z.prettifyError(parsed.error));
  };
  return {
    permissions: (input, facts) => permissions(read(input), facts),
    run: (input, facts) => run(read(input), facts),
  };
}

export const LOGS_OPERATIONS: Readonly<Record<string, LogsOperation>> = {
  DescribeLogGroups: operation(
    z.strictObject({
      logGroupNamePrefix: z.string().optional(),
      logGroupNamePattern: z.string().optional(),
      nextToken: z.string().optional(),
      limit: limit(DEFAULT_LIST_SIZE),
    }),
    (_input, facts) => [logsPermission(facts, "DescribeLogGroups", "")],
    async (input, facts) => {
      const groups = facts.store
        .groups()
        .filter(({ name }) => name.startsWith(input.logGroupNamePrefix ?? ""))
        .filter(({ name }) => name.toLowerCase().includes((input.logGroupNamePattern ?? "").toLowerCase()));
      const { page, nextToken } = pageAfter(groups, ({ name }) => name, input);
      return { logGroups: await Promise.all(page.map((group) => describeGroup(group, facts))), nextToken };
    },
  ),

  CreateLogGroup: operation(
    z.object({ logGroupName: groupName }),
    ({ logGroupName }, facts) => [logsPermission(facts, "CreateLogGroup", logGroupName)],
    async ({ logGroupName }, { store }) => {
      if (store.group(logGroupName) !== undefined) throw alreadyExists("log group");
      await store.putGroup(logGroupName);
      return {};
    },
  ),

  CreateLogStream: operation(
    z.strictObject({ logGroupName: groupName, logStreamName: streamName }),
    (input, facts) => [logsPermission(facts, "CreateLogStream", input.logGroupName, input.logStreamName)],
    async (input, { store }) => {
      const group = requireGroup(input.logGroupName, store);
      if (group.streams.has(input.logStreamName)) throw alreadyExists("log stream");
      store.putStream(group, input.logStreamName);
      return {};
    },
  ),

  DescribeLogStreams: operation(
    z.strictObject({
      ...groupReference,
      logStreamNamePrefix: z.string().optional(),
      orderBy: z.enum(["LogStreamName", "LastEventTime"]).default("LogStreamName"),
      descending: z.boolean().default(false),
      nextToken: z.string().optional(),
      limit: limit(DEFAULT_LIST_SIZE),
    }),
    (input, facts) => [logsPermission(facts, "DescribeLogStreams", referencedGroup(input))],
    async (input, facts) => {
      const group = requireGroup(referencedGroup(input), facts.store);
      const streams = [...group.streams.values()].filter(({ name }) =>
        name.startsWith(input.logStreamNamePrefix ?? ""),
      );
      const described = await Promise.all(
        streams.map(async (stream) => {
          const statistics = await statisticsOf(stream);
          return {
            logStreamName: stream.name,
            creationTime: stream.createdAtMillis,
            firstEventTimestamp: statistics.firstEventMillis,
            lastEventTimestamp: statistics.lastEventMillis,
            lastIngestionTime: statistics.lastIngestionMillis,
            arn: logsPermission(facts, "", group.name, stream.name).resourceArn,
            storedBytes: 0,
          };
        }),
      );
      const byTime = input.orderBy === "LastEventTime";
      const rank = (stream: (typeof described)[number]) =>
        `${byTime ? String(stream.lastEventTimestamp ?? 0).padStart(16, "0") : ""} ${stream.logStreamName}`;
      described.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
      if (input.descending) described.reverse();
      const { page, nextToken } = pageAfter(described, ({ logStreamName }) => logStreamName, input);
      return { logStreams: page, nextToken };
    },
  ),

  PutLogEvents: operation(
    z.object({
      logGroupName: groupName,
      logStreamName: streamName,
      logEvents: z
        .array(z.object({ timestamp: z.int().min(0), message: z.string().min(1) }))
        .min(1)
        .max(MAX_BATCH_EVENTS),
    }),
    (input, facts) => [logsPermission(facts, "PutLogEvents", input.logGroupName, input.logStreamName)],
    async ({ logGroupName, logStreamName, logEvents }, { store, clock }) => {
      const group = requireGroup(logGroupName, store);
      if (!group.streams.has(logStreamName)) throw notFound("log stream");
      const sizes = logEvents.map(({ message }) => Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES);
      if (
        sizes.reduce((sum, size) => sum + size, 0) > MAX_BATCH_BYTES ||
        sizes.some((size) => size > MAX_EVENT_BYTES)
      ) {
        throw invalid(
          `Upload too large: a batch has at most ${MAX_BATCH_BYTES} bytes, ${EVENT_OVERHEAD_BYTES} for each event included`,
        );
      }
      if (logEvents.some(({ timestamp }, index) => timestamp < (logEvents[index - 1]?.timestamp ?? 0))) {
        throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
      }
      const now = clock();
      const oldest = Math.max(now - MAX_EVENT_AGE_MILLIS, store.oldestShownMillis(group));
      const accepted = logEvents.filter(
        ({ timestamp }) => timestamp >= oldest && timestamp <= now + MAX_EVENT_LEAD_MILLIS,
      );
      store.append(
        logGroupName,
        logStreamName,
        accepted.map((event) => ({ ...event, ingestionTime: now })),
      );
      const tooOld = logEvents.findLastIndex(({ timestamp }) => timestamp < oldest);
      const tooNew = logEvents.findIndex(({ timestamp }) => timestamp > now + MAX_EVENT_LEAD_MILLIS);
      const rejected = {
        ...(tooOld < 0 ? {} : { tooOldLogEventEndIndex: tooOld + 1 }),
        ...(tooNew < 0 ? {} : { tooNewLogEventStartIndex: tooNew }),
      };
      return Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected };
    },
  ),

  GetLogEvents: operation(
    z.strictObject({
      ...groupReference,
      logStreamName: streamName,
      startTime: z.int().optional(),
      endTime: z.int().optional(),
      nextToken: z.string().optional(),
      limit: limit(MAX_PAGE_EVENTS),
      startFromHead: z.boolean().default(false),
      unmask: z.boolean().optional(),
    }),
    (input, facts) => [logsPermission(facts, "GetLogEvents", referencedGroup(input), input.logStreamName)],
    async (input, { store }) => {
      const group = requireGroup(referencedGroup(input), store);
      const stream = group.streams.get(input.logStreamName);
      if (stream === undefined) throw notFound("log stream");
      const page = await streamPage(stream, {
        from: Math.max(input.startTime ?? 0, store.oldestShownMillis(group)),
        // Events at endTime are left out, unlike in FilterLogEvents.
        to: (input.endTime ?? Number.POSITIVE_INFINITY) - 1,
        limit: input.limit,
        token: input.nextToken,
        startFromHead: input.startFromHead,
      });
      return { ...page, events: page.events.map(({ index: _, ...event }) => event) };
    },
  ),

  FilterLogEvents: operation(
    z.strictObject({
      ...groupReference,
      logStreamNames: z.array(streamName).max(100).optional(),
      logStreamNamePrefix: z.string().optional(),
      startTime: z.int().optional(),
      endTime: z.int().optional(),
      filterPattern: z.string().max(1024).default(""),
      nextToken: z.string().optional(),
      limit: limit(MAX_PAGE_EVENTS),
      interleaved: z.boolean().optional(),
      unmask: z.boolean().optional(),
    }),
    (input, facts) => [logsPermission(facts, "FilterLogEvents", referencedGroup(input))],
    async (input, { store }) => {
      const group = requireGroup(referencedGroup(input), store);
      const names = input.logStreamNames === undefined ? undefined : new Set(input.logStreamNames);
      const streams = [...group.streams.values()].filter(
        ({ name }) => (names?.has(name) ?? true) && name.startsWith(input.logStreamNamePrefix ?? ""),
      );
      const { events, nextToken } = await searchPage(streams, {
        from: Math.max(input.startTime ?? 0, store.oldestShownMillis(group)),
        to: input.endTime ?? Number.POSITIVE_INFINITY,
        limit: input.limit,
        token: input.nextToken,
        pattern: parseFilterPattern(input.filterPattern),
      });
      return {
        events: events.map(({ stream, index, ...event }) => ({
          ...event,
          logStreamName: stream,
          eventId: `${event.timestamp}${String(index).padStart(12, "0")}`,
        })),
        searchedLogStreams: [],
        nextToken,
      };
    },
  ),
};

function referencedGroup(input: {
  logGroupName?: string | undefined;
  logGroupIdentifier?: string | undefined;
}): string {
  const identifier = input.logGroupName ?? input.logGroupIdentifier?.replace(/^arn:aws:logs:[^:]*:\d*:log-group:/, "");
  if (identifier === undefined) throw invalid("logGroupName or logGroupIdentifier is required");
  return identifier.replace(/:\*$/, "");
}

function requireGroup(name: string, store: LogStore): LogGroup {
  const group = store.group(name);
  if (group === undefined) throw notFound("log group");
  return group;
}

async function describeGroup(group: LogGroup, facts: LogsFacts) {
  const statistics = await Promise.all([...group.streams.values()].map(statisticsOf));
  const arn = logGroupArn(facts, group.name);
  return {
    logGroupName: group.name,
    creationTime: group.createdAtMillis,
    retentionInDays: group.retentionInDays,
    metricFilterCount: 0,
    arn,
    logGroupArn: arn.slice(0, -2),
    logGroupClass: "STANDARD",
    storedBytes: statistics.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
  };
}

/** Pages by name: the token is the last name of the page before. */
function pageAfter<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  { nextToken, limit }: { readonly nextToken?: string | undefined; readonly limit: number },
): { page: Item[]; nextToken?: string } {
  const start = nextToken === undefined ? 0 : items.findIndex((item) => nameOf(item) === nextToken) + 1;
  if (nextToken !== undefined && start === 0) throw invalid(`The specified nextToken is invalid: ${nextToken}`);
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  return start + limit < items.length && last !== undefined ? { page, nextToken: nameOf(last) } : { page };
}

const invalid = (message: string) => new ServiceError(400, "InvalidParameterException", message);
const notFound = (what: string) =>
  new ServiceError(400, "ResourceNotFoundException", `The specified ${what} does not exist.`);
const alreadyExists = (what: string) =>
  new ServiceError(400, "ResourceAlreadyExistsException", `The specified ${what} already exists`);
