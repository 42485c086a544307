import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  paginateFilterLogEvents,
} from "@aws-sdk/client-cloudwatch-logs";
import { writeLogPermissions } from "../../../local/logs/permissions.ts";
import { createLogsSimulator } from "../../../local/logs/simulator.ts";
import type { LogSink } from "../../../local/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const GROUP = "/aws/lambda/router";
const DAY = 24 * 3600 * 1000;
let stateDirectory: string;
let endpoint: RunningEndpoint;
let logs: CloudWatchLogsClient;
let sink: LogSink;
let now = Date.UTC(2026, 10, 24, 12);

async function start() {
  endpoint = await startEndpoint(
    (context) => {
      const simulator = createLogsSimulator(context);
      sink = simulator;
      return [simulator];
    },
    { stateDirectory, clock: () => now },
  );
  await endpoint.create("AWS::Logs::LogGroup", "Router", { LogGroupName: GROUP, RetentionInDays: 7 });
  logs = new CloudWatchLogsClient(endpoint.asOperator);
}
async function stop() {
  logs.destroy();
  await endpoint.stop();
}
beforeEach(async () => {
  now = Date.now();
  stateDirectory = mkdtempSync(join(tmpdir(), "farthing-test-"));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

const search = async (more: object = {}) => {
  const answer = await logs.send(new FilterLogEventsCommand({ logGroupName: GROUP, ...more }));
  return answer.events?.map(({ message }) => message);
};
const append = (stream: string, ...lines: string[]) => {
  for (const line of lines) {
    sink.append(GROUP, stream, line);
    now++;
  }
};

test("lines of functions are found, by time, across streams", async () => {
  append("a", "START", 'ERROR one: "quoted"');
  append("b", "INFO two\nwith a second line");
  append("a", "ERROR three ünïcode");
  expect(await search()).toEqual([
    "START",
    'ERROR one: "quoted"',
    "INFO two\nwith a second line",
    "ERROR three ünïcode",
  ]);
  expect(await search({ filterPattern: "ERROR" })).toHaveLength(2);
  expect(await search({ filterPattern: "?START ?INFO" })).toEqual(["START", "INFO two\nwith a second line"]);
  expect(await search({ filterPattern: "ERROR -three" })).toEqual(['ERROR one: "quoted"']);
  expect(await search({ filterPattern: '"one: \\"quoted\\""' })).toHaveLength(1);
  expect(await search({ logStreamNamePrefix: "b" })).toHaveLength(1);
  expect(await search({ logStreamNames: ["a"], endTime: now - 2 })).toHaveLength(2);
});

test("JSON lines are found by their properties", async () => {
  append("a", '{"status":200,"route":"/v1/embeddings","nested":{"list":[{"k":"v"}]},"cold":true}');
  append("a", '{"status":503,"route":"/v2/models/x","error":null}', "not JSON: status 503");
  const count = async (filterPattern: string) => (await search({ filterPattern }))?.length;
  expect(await count('{ $.route = "/v1/*" }')).toBe(1);
  expect(await count("{ $.status = 503 }")).toBe(1);
  expect(await count("{ $.status >= 200 && $.status < 500 }")).toBe(1);
  expect(await count('{ ($.status = 200 || $.status = 503) && $.route != "/v1/*" }')).toBe(1);
  expect(await count("{ $.nested.list[0].k = v }")).toBe(1);
  expect(await count("{ $.error IS NULL }")).toBe(1);
  expect(await count("{ $.cold IS TRUE }")).toBe(1);
  expect(await count("{ $.error NOT EXISTS }")).toBe(1);
  expect(await count('{ $.absent != "x" }')).toBe(0);
});

test.each(["{ $.a = ", "{ a = 1 }", "{ $.a ~ 1 }", "[ip, user]", "%5\\d\\d%", 'unbalanced "quote', "{ $.a = 1 } more"])(
  "a pattern that cannot be read is refused: %s",
  async (filterPattern) => {
    await expect(search({ filterPattern })).rejects.toMatchObject({ name: "InvalidParameterException" });
  },
);

test("a search goes on where it stopped", async () => {
  for (let index = 0; index < 25; index++) append(`stream-${index % 3}`, `line ${index}`);
  const found: (string | undefined)[] = [];
  let pages = 0;
  for await (const page of paginateFilterLogEvents(
    { client: logs },
    { logGroupName: GROUP, limit: 4, filterPattern: "line" },
  )) {
    pages++;
    found.push(...(page.events ?? []).map(({ message }) => message));
  }
  expect(found).toEqual(Array.from({ length: 25 }, (_, index) => `line ${index}`));
  expect(pages).toBe(7);
});

test("a stream is read from either end", async () => {
  append("s", ..."abcdefg");
  const get = async (more: object) => {
    const answer = await logs.send(
      new GetLogEventsCommand({ logGroupName: GROUP, logStreamName: "s", limit: 3, ...more }),
    );
    return { ...answer, text: answer.events?.map(({ message }) => message).join("") };
  };
  const newest = await get({});
  expect(newest.text).toBe("efg");
  const older = await get({ nextToken: newest.nextBackwardToken });
  expect(older.text).toBe("bcd");
  expect((await get({ nextToken: older.nextBackwardToken })).text).toBe("a");
  expect((await get({ nextToken: older.nextForwardToken })).text).toBe("efg");

  const oldest = await get({ startFromHead: true });
  expect(oldest.text).toBe("abc");
  const end = await get({ nextToken: newest.nextForwardToken });
  expect(end.text).toBe("");
  expect(end.nextForwardToken).toBe(newest.nextForwardToken);
  append("s", "h");
  expect((await get({ nextToken: newest.nextForwardToken })).text).toBe("h");
  await expect(get({ nextToken: "made-up" })).rejects.toMatchObject({ name: "InvalidParameterException" });
});

test("groups and streams describe themselves", async () => {
  append("2026/11/24/[$LATEST]old", "one");
  append("2026/11/24/[$LATEST]new", "two", "three");
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/aws/lambda" }));
  expect(logGroups).toMatchObject([
    {
      logGroupName: GROUP,
      retentionInDays: 7,
      storedBytes: 11,
      arn: "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/router:*",
    },
  ]);
  const newest = await logs.send(
    new DescribeLogStreamsCommand({ logGroupName: GROUP, orderBy: "LastEventTime", descending: true, limit: 1 }),
  );
  expect(newest.logStreams?.[0]).toMatchObject({
    logStreamName: "2026/11/24/[$LATEST]new",
    lastEventTimestamp: now - 1,
  });
  const next = await logs.send(
    new DescribeLogStreamsCommand({
      logGroupName: GROUP,
      orderBy: "LastEventTime",
      descending: true,
      limit: 1,
      nextToken: newest.nextToken,
    }),
  );
  expect(next.logStreams?.map(({ logStreamName }) => logStreamName)).toEqual(["2026/11/24/[$LATEST]old"]);
  expect(next.nextToken).toBeUndefined();
});

test("events are put, checked for order and age", async () => {
  const put = (logEvents: { timestamp: number; message: string }[], logStreamName = "s") =>
    logs.send(new PutLogEventsCommand({ logGroupName: GROUP, logStreamName, logEvents }));
  await expect(put([{ timestamp: now, message: "x" }])).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  const create = new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName: "s" });
  await logs.send(create);
  await expect(logs.send(create)).rejects.toMatchObject({ name: "ResourceAlreadyExistsException" });
  const answer = await put([
    { timestamp: now - 8 * DAY, message: "older than the retention" },
    { timestamp: now, message: "kept" },
    { timestamp: now + DAY, message: "from the future" },
  ]);
  expect(answer.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
  expect(await search()).toEqual(["kept"]);
  await expect(
    put([
      { timestamp: now, message: "b" },
      { timestamp: now - 1, message: "a" },
    ]),
  ).rejects.toThrow("chronological");
});

test("lines outlive the process, and end with their retention", async () => {
  append("s", "first run");
  await stop();
  await start();
  append("t", "second run");
  expect(await search()).toEqual(["first run", "second run"]);
  await stop();
  now += 8 * DAY;
  await start();
  expect(await search()).toEqual([]);
  const [group] = readdirSync(join(stateDirectory, "logs"));
  expect(readdirSync(join(stateDirectory, "logs", group as string))).toEqual(["group.json"]);
});

test("names cannot leave the state directory", async () => {
  sink.append("../../escape", "../../../stream", "line");
  const answer = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "../" }));
  expect(answer.logGroups?.map(({ logGroupName }) => logGroupName)).toEqual(["../../escape"]);
  expect(readdirSync(join(stateDirectory, "logs"))).toHaveLength(2);
});

test("a flood is cut, not kept in memory, and the platform says so", async () => {
  const line = "x".repeat(1024 ** 2);
  for (let index = 0; index < 40; index++) sink.append(GROUP, "flood", line);
  expect((await search({ logStreamNames: ["flood"], limit: 1 }))?.length).toBe(1);
  const stored = await logs.send(new DescribeLogGroupsCommand({}));
  expect(stored.logGroups?.[0]?.storedBytes).toBe(16 * 1024 ** 2);
  expect(endpoint.events).toContainEqual({
    type: "warning",
    message: expect.stringContaining("24 log lines were dropped"),
  });
});

test("each operation asks for its permission on the group or the stream", async () => {
  const account = { accountId: "123456789012", region: "us-east-1" };
  expect(writeLogPermissions(account, GROUP, "s").map(({ action }) => action)).toEqual([
    "logs:CreateLogStream",
    "logs:PutLogEvents",
  ]);
  append("s", "line");
  const statement = (Resource: string) => ({ Effect: "Allow", Action: "logs:FilterLogEvents", Resource });
  const arn = `arn:aws:logs:us-east-1:123456789012:log-group:${GROUP}`;
  const filter = new FilterLogEventsCommand({ logGroupName: GROUP });
  const denied = { name: "AccessDeniedException" };

  const reader = new CloudWatchLogsClient(await endpoint.asRole([statement(`${arn}:*`)]));
  expect((await reader.send(filter)).events).toHaveLength(1);
  await expect(reader.send(new DescribeLogGroupsCommand({}))).rejects.toMatchObject(denied);
  await expect(reader.send(new GetLogEventsCommand({ logGroupName: GROUP, logStreamName: "s" }))).rejects.toMatchObject(
    { ...denied, message: expect.stringContaining(`logs:GetLogEvents on resource: ${arn}:log-stream:s because`) },
  );
  // The account wants the ending, too.
  const bare = new CloudWatchLogsClient(await endpoint.asRole([statement(arn)]));
  await expect(bare.send(filter)).rejects.toMatchObject(denied);
  for (const client of [reader, bare]) client.destroy();
});
