import { jest } from "@jest/globals";
import { rateMillis } from "../../../local/events/schedule.ts";
import { createEventsSimulator } from "../../../local/events/simulator.ts";
import type { Invocation, PlatformEvent } from "../../../local/simulator.ts";

test.each([
  ["rate(1 minute)", 60_000],
  ["rate(5 hours)", 18_000_000],
  ["rate(2 days)", 172_800_000],
])("%s", (expression, millis) => {
  expect(rateMillis(expression)).toBe(millis);
});

test.each(["rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "cron(0 12 * * ? *)", "rate(1 second)", ""])(
  "%j is refused by name",
  (expression) => {
    expect(() => rateMillis(expression)).toThrow(JSON.stringify(expression));
  },
);

test("a rule calls its functions once a period, with its input, if they let it", async () => {
  jest.useFakeTimers();
  const calls: string[] = [];
  const emitted: PlatformEvent[] = [];
  const functions = {
    allowsInvocation: (arn: string, { principal }: { principal: string }) =>
      arn === "allowed" && principal === "events.amazonaws.com",
    async invoke({ functionArn, payload }: Invocation) {
      calls.push(`${functionArn} ${Buffer.from(payload)}`);
      return { requestId: "r", body: (async function* () {})() };
    },
  };
  const context = {
    region: "eu-central-1",
    accountId: "123456789012",
    clock: () => 0,
    emit: (event: PlatformEvent) => void emitted.push(event),
  };
  const simulator = createEventsSimulator(context, { functions });
  const rule = (State: string, Targets: readonly object[]) => ({
    stack: "s",
    logicalId: `Rule${State}`,
    type: "AWS::Events::Rule",
    properties: { ScheduleExpression: "rate(1 minute)", State, Targets },
  });
  const allowed = { Id: "a", Arn: "allowed", Input: '{"a":1}' };
  const { create } = simulator.resources["AWS::Events::Rule"] as { create: (resource: object) => Promise<object> };
  await create(rule("ENABLED", [allowed, { Id: "b", Arn: "refused" }]));
  await create(rule("DISABLED", [allowed]));
  await simulator.start?.();
  await jest.advanceTimersByTimeAsync(125_000);
  await simulator.stop?.();
  await jest.advanceTimersByTimeAsync(600_000);
  jest.useRealTimers();
  expect(calls).toEqual(['allowed {"a":1}', 'allowed {"a":1}']);
  expect(emitted.map(({ type }) => type)).toEqual(["warning", "warning"]);
});
