import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { createLogsSimulator, type LogsSimulator } from "../../../local/logs/simulator.ts";
import type { DeliveryOutcome } from "../../../local/logs/subscription-filters.ts";
import type { PlatformEvent } from "../../../local/simulator.ts";

const GROUP = "/farthing/local/router";
const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:reconciler";
const LINE = '{"usage":"farthing.usage/1","n":';

interface Delivery {
  readonly destinationArn: string;
  readonly sourceArn: string;
  readonly message: {
    readonly messageType: string;
    readonly logGroup: string;
    readonly logStream: string;
    readonly subscriptionFilters: readonly string[];
    readonly logEvents: readonly { readonly id: string; readonly timestamp: number; readonly message: string }[];
  };
}

let stateDirectory: string;
let logs: LogsSimulator;
let deliveries: Delivery[];
let outcomes: DeliveryOutcome[];
let warnings: string[];
/** Counts the platforms: a killed one delivers nothing any more. */
let running = 0;
let killed: LogsSimulator[] = [];
let over = false;

beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), "farthing-test-"));
  deliveries = [];
  outcomes = [];
  warnings = [];
});
afterEach(async () => {
  await logs.subscriptions.stop?.();
  await logs.stop?.();
  over = true;
  for (const each of killed) await each.subscriptions.stop?.();
  killed = [];
  over = false;
  rmSync(stateDirectory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const mine = ++running;
  const emit = (event: PlatformEvent) => {
    if (event.type === "warning") warnings.push(event.message);
  };
  const context = { accountId: "123456789012", region: "us-east-1", stateDirectory, clock: Date.now, emit };
  logs = createLogsSimulator(context, {
    async deliver(destinationArn, sourceArn, event) {
      if (over) return "refused";
      if (mine !== running) return sleep(50, "throttled" as const, { ref: false });
      const outcome = outcomes.shift() ?? "done";
      if (outcome !== "done") return outcome;
      const { data } = (JSON.parse(Buffer.from(event).toString()) as { awslogs: { data: string } }).awslogs;
      const message = JSON.parse(gunzipSync(Buffer.from(data, "base64")).toString()) as Delivery["message"];
      deliveries.push({ destinationArn, sourceArn, message });
      return outcome;
    },
  });
  await create("AWS::Logs::LogGroup", { LogGroupName: GROUP });
  await create("AWS::Logs::SubscriptionFilter", {
    DestinationArn: FUNCTION,
    FilterName: "usage",
    FilterPattern: '{ $.usage = "farthing.usage/*" }',
    LogGroupName: GROUP,
  });
  await logs.start?.();
  await logs.subscriptions.start?.();
}

const create = (type: string, properties: Readonly<Record<string, unknown>>) =>
  logs.resources[type]?.create({ stack: "s", logicalId: "R", type, properties });

const delivered = () => deliveries.flatMap(({ message }) => message.logEvents.map((event) => event.message));

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 300; tries++) await sleep(20);
}

test("events that match go out in batches of one stream, compressed and in base64", async () => {
  await start();
  for (let n = 0; n < 5; n++) logs.append(GROUP, n < 3 ? "a" : "b", `${LINE}${n}}`);
  logs.append(GROUP, "a", '{"message":"model loaded"}');
  await until(() => delivered().length === 5);
  expect(deliveries).toHaveLength(2);
  expect(deliveries[0]).toMatchObject({
    destinationArn: FUNCTION,
    sourceArn: `arn:aws:logs:us-east-1:123456789012:log-group:${GROUP}:*`,
    message: { messageType: "DATA_MESSAGE", logGroup: GROUP, logStream: "a", subscriptionFilters: ["usage"] },
  });
  expect(delivered()).toEqual([0, 1, 2, 3, 4].map((n) => `${LINE}${n}}`));
  expect(new Set(deliveries.flatMap(({ message }) => message.logEvents.map(({ id }) => id))).size).toBe(5);
});

test("a batch is tried again when the function fails or is busy; after three failures it is dropped, and told", async () => {
  await start();
  outcomes = ["throttled", "failed", "done"];
  logs.append(GROUP, "a", `${LINE}1}`);
  await until(() => delivered().length === 1);
  expect(delivered()).toEqual([`${LINE}1}`]);
  expect(warnings).toEqual([]);

  outcomes = ["refused"];
  logs.append(GROUP, "a", `${LINE}2}`);
  await until(() => warnings.length > 0);
  expect(warnings[0]).toMatch(
    "did not get 1 events of /farthing/local/router: its policy does not let CloudWatch Logs",
  );
});

test("stopping delivers what waits", async () => {
  await start();
  logs.append(GROUP, "a", `${LINE}1}`);
  await logs.subscriptions.stop?.();
  expect(delivered()).toEqual([`${LINE}1}`]);
});

test("what was not delivered when the platform was killed is delivered by the next one, what was is not", async () => {
  await start();
  logs.append(GROUP, "a", `${LINE}1}`);
  await until(() => delivered().length === 1);
  // Old enough to be told apart from the one that the kill cuts off.
  await sleep(2_100);
  outcomes = Array(50).fill("throttled");
  logs.append(GROUP, "a", `${LINE}2}`);
  await logs.stop?.();
  killed.push(logs);
  deliveries = [];

  await start();
  outcomes = [];
  await until(() => delivered().length === 1);
  await sleep(100);
  expect(delivered()).toEqual([`${LINE}2}`]);
});

test("a filter on a group that is not there, or for something else than a function, is an error", async () => {
  await start();
  const properties = { DestinationArn: FUNCTION, FilterPattern: "", LogGroupName: "/nowhere" };
  await expect(create("AWS::Logs::SubscriptionFilter", properties)).rejects.toThrow("there is no log group /nowhere");
  const stream = { ...properties, LogGroupName: GROUP, DestinationArn: "arn:aws:kinesis:us-east-1:1:stream/x" };
  await expect(create("AWS::Logs::SubscriptionFilter", stream)).rejects.toThrow("only functions are destinations here");
});
