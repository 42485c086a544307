/** Streams that nobody runs and nobody asks for again: their end, and their charge. */
import { createMemoryFrameLog } from "../../../core/caching/memory-frame-log.ts";
import { createMemoryAnswerObjects, createMemoryOnceStore } from "../../../core/idempotency/memory-once-store.ts";
import type { OnceDependencies } from "../../../core/idempotency/once-call.ts";
import {
  ALIVE_MILLIS,
  KEPT_MILLIS,
  type OnceStore,
  type RunningRecord,
} from "../../../core/idempotency/once-record.ts";
import { startLog } from "../../../core/idempotency/stream-log.ts";
import { sweepOnce } from "../../../core/idempotency/sweep-once.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { virtualTime } from "../caching/virtual-time.ts";

const NAME = { tenant: "acme", id: "0a" };
const lineWith = (outputTokens: number) => ({ requestId: "r", outputTokens }) as unknown as UsageLine;

function sweptWorld() {
  const time = virtualTime();
  const { clock } = time;
  const records = createMemoryOnceStore();
  const frames = createMemoryFrameLog(clock);
  const lines: UsageLine[] = [];
  const failures: unknown[] = [];
  let tokens = 0;
  const dependencies: OnceDependencies = {
    ...{ store: records, objects: createMemoryAnswerObjects(), frames, clock },
    newToken: () => `sweeper-${++tokens}`,
    behind: () => {},
    emitUsage: (line) => lines.push(line),
    onFailed: (error) => failures.push(error),
  };
  const running = (fields: Partial<RunningRecord> = {}): RunningRecord => ({
    ...{ state: "running", token: "owner", fingerprint: "f", requestId: "r", streams: true },
    expiresAtMillis: clock.epochMillis() + KEPT_MILLIS,
    aliveUntilMillis: clock.epochMillis() + ALIVE_MILLIS,
    ...fields,
  });
  return {
    ...{ time, clock, records, frames, lines, failures, running },
    begin: (record = running()) => records.create(NAME, record, clock.epochMillis()),
    sweep: (store: OnceStore = records) => sweepOnce(records, { ...dependencies, store }),
  };
}

test("what a dead process delivered is charged once, by the first who sweeps, and is there for who asks", async () => {
  const world = sweptWorld();
  await world.begin();
  const log = startLog(world.frames, "owner", world.clock);
  await log.begin({ status: 200, headers: {}, requestId: "r" }, lineWith(0));
  await log.add(Buffer.from("one "), lineWith(1));
  await log.add(Buffer.from("two "), lineWith(2));
  await world.time.pass(ALIVE_MILLIS);
  // A caller may take it for dead now; who only sweeps gives it a little more.
  expect(await world.sweep()).toBe(0);
  await world.time.pass(60_000);
  const swept = await Promise.all([world.sweep(), world.sweep(), world.sweep()]);
  expect(Math.max(...swept)).toBe(1);
  expect(world.lines).toEqual([lineWith(2)]);
  expect(await world.records.read(NAME)).toMatchObject({ state: "interrupted", answer: { type: "inline" } });
  expect(await world.sweep()).toBe(0);
  expect(world.lines).toHaveLength(1);
});

test("without a log, what its last sign of life said is charged", async () => {
  const world = sweptWorld();
  await world.begin(world.running({ line: lineWith(7) }));
  await world.time.pass(ALIVE_MILLIS + 60_000);
  expect(await world.sweep()).toBe(1);
  expect(world.lines).toEqual([lineWith(7)]);
});

test("who lives is left alone, whole answers are nobody's business here", async () => {
  const world = sweptWorld();
  await world.begin();
  await world.records.create({ tenant: "acme", id: "0b" }, world.running({ streams: false }), 0);
  await world.time.pass(60_000);
  await world.records.replace(NAME, world.running(), { token: "owner" });
  expect(await world.sweep()).toBe(0);
  expect(await world.records.read(NAME)).toMatchObject({ state: "running" });
  expect(world.lines).toEqual([]);
});

test("a record that does not answer is told, and the others are ended", async () => {
  const world = sweptWorld();
  await world.begin(world.running({ line: lineWith(1) }));
  await world.records.create({ tenant: "acme", id: "0b" }, world.running({ line: lineWith(2) }), 0);
  await world.time.pass(60_000);
  const store: OnceStore = {
    ...world.records,
    read: (name) => (name.id === "0a" ? Promise.reject(new Error("throttled")) : world.records.read(name)),
  };
  expect(await world.sweep(store)).toBe(1);
  expect(world.failures).toMatchObject([{ message: "throttled" }]);
  expect(world.lines).toEqual([lineWith(2)]);
  expect(await world.sweep()).toBe(1);
});
