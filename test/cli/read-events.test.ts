import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { type LogQuery, readEvents } from "../../cli/logs/read-events.ts";
import type { LogEvent } from "../../cli/rendering/event-line.ts";
import { type RunningLogs, startLogs } from "./running-logs.ts";

let logs: RunningLogs;
let now = 1_000_000;
beforeAll(async () => {
  logs = await startLogs();
});
afterAll(() => logs.endpoint.stop());

const write = (deployment: string, line: string, millisLater = 1) => {
  now += millisLater;
  logs.write(now, deployment, line);
};

/** What a query finds; `between` is called instead of each pause, and stops the following when it answers false. */
async function read(query: Partial<LogQuery>, between: () => boolean = () => false): Promise<readonly LogEvent[]> {
  const stop = new AbortController();
  const found: LogEvent[] = [];
  const reading = {
    client: new CloudWatchLogsClient(logs.endpoint.asOperator),
    signal: stop.signal,
    sleep: async () => {
      if (!between()) stop.abort();
    },
  };
  for await (const event of readEvents({ environment: "local", from: 0, follow: false, ...query }, reading))
    found.push(event);
  return found;
}
const messages = (events: readonly LogEvent[]) => events.map(({ message }) => message);

test("events of all deployments, by time; then only one's, only those that match, only the newer", async () => {
  write("router", '{"n":1}');
  write("small", '{"n":2}');
  write("router", '{"n":3}', 10_000);
  expect(messages(await read({}))).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  expect(messages(await read({ deployment: "small" }))).toEqual(['{"n":2}']);
  expect(messages(await read({ pattern: "{ $.n > 1 }" }))).toEqual(['{"n":2}', '{"n":3}']);
  expect(messages(await read({ from: now - 5_000 }))).toEqual(['{"n":3}']);
});

test("following shows each event once, late ones too", async () => {
  const from = now + 1;
  write("small", "a");
  const rounds = [
    () => write("router", "b"),
    () => undefined,
    () => {
      // Arrives after an event that is younger.
      write("small", "d", 100);
      now -= 50;
      write("router", "c", 0);
      now += 50;
    },
  ];
  const events = await read({ from, follow: true }, () => {
    const round = rounds.shift();
    round?.();
    return round !== undefined;
  });
  expect(messages(events)).toEqual(["a", "b", "c", "d"]);
});

test("an unknown deployment is an error that lists those there are", async () => {
  await expect(read({ deployment: "nothing" })).rejects.toThrow('local has no log "nothing"; there is: router, small');
});
