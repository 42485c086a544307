import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { createLogSource } from "../../../cli/bill/log-source.ts";
import { line } from "../../core/pricing/cost/hour.ts";
import { type RunningLogs, startLogs } from "../running-logs.ts";

const EIGHT = Date.parse("2026-11-24T08:00:00Z");
const NINE = EIGHT + 3_600_000;
let logs: RunningLogs;
beforeAll(async () => {
  logs = await startLogs();
});
afterAll(() => logs.endpoint.stop());

const write: RunningLogs["write"] = (...args) => logs.write(...args);
const usage = (at: number, requestId: string) =>
  JSON.stringify({ _aws: {}, ...line({ requestId, at: new Date(at).toISOString() }) });
const report = (requestId: string) =>
  `REPORT RequestId: ${requestId}\tDuration: 2.10 ms\tBilled Duration: 3 ms\tMemory Size: 1769 MB\tMax Memory Used: 90 MB\t`;

test("an hour has what began in it, each once, wherever its lines stand", async () => {
  // Began before eight, and was reported after.
  write(EIGHT + 1, "small", usage(EIGHT - 10, "earlier"));
  write(EIGHT + 2, "small", report("earlier"));
  write(EIGHT + 10, "small", "START RequestId: one");
  write(EIGHT + 11, "small", usage(EIGHT + 10, "one"));
  write(EIGHT + 12, "small", report("one"));
  write(EIGHT + 13, "small", usage(EIGHT + 10, "one"));
  // A forwarded request runs under an id that no usage line has.
  write(EIGHT + 14, "small", report("forwarded"));
  write(EIGHT + 15, "small", usage(EIGHT + 14, "cut").slice(0, 120));
  // Began before nine, and ended after.
  write(NINE + 5, "small", usage(NINE - 5, "late"));
  write(NINE + 6, "small", report("late"));
  write(NINE + 7, "router", usage(NINE, "next"));
  write(NINE + 8, "router", report("next"));

  const client = new CloudWatchLogsClient(logs.endpoint.asOperator);
  const source = createLogSource(client, "local", new AbortController().signal);
  const eight = await source.read(EIGHT, NINE);
  expect(eight.lines.map(({ requestId }) => requestId)).toEqual(["one", "late"]);
  expect(eight.reports.map(({ requestId }) => requestId)).toEqual(["one", "forwarded", "late"]);
  expect(eight.reports[0]).toMatchObject({ deployment: "small", billedMillis: 3, memoryMegabytes: 1_769 });
  expect(eight.unreadable).toBe(1);
  const nine = await source.read(NINE, NINE + 3_600_000);
  expect(nine.lines.map(({ requestId }) => requestId)).toEqual(["next"]);
  expect(nine.reports.map(({ requestId }) => requestId)).toEqual(["next"]);
  client.destroy();
});
