/** Many processes meet one sleeping model: they share a store with conditional writes, a component, and the time. */
import type { FarthingError } from "../../../../core/errors.ts";
import { isAsleep, isBetterAsJob } from "../../../../core/routing/wake/asleep.ts";
import { type CopyState, createSharedWake } from "../../../../core/routing/wake/shared-wake.ts";
import {
  NEW_WAKE_STATE,
  WAKE_LIMITS,
  type WakeState,
  type WakeStore,
} from "../../../../core/routing/wake/wake-state.ts";
import { createWaker, type Waker } from "../../../../core/routing/wake/waker.ts";
import type { Work } from "../../../../core/serving/work.ts";
import { fakeClock } from "../../serving/world.ts";

const SLEEPER = { component: "c", wakeSeconds: 10, maxHeld: 3 };

function memoryStore(): WakeStore & { state: WakeState } {
  const store = {
    state: NEW_WAKE_STATE,
    read: async () => store.state,
    async write(_: string, state: WakeState) {
      if (state.revision - 1 !== store.state.revision) return "refused" as const;
      store.state = state;
      return "written" as const;
    },
  };
  return store;
}

function world({ takesSeconds = 10, hasCapacity = true } = {}) {
  const time = fakeClock();
  const store = memoryStore();
  let raisedAt: number | undefined;
  const calls = { describe: 0, setCopies: 0 };
  const describe = async (): Promise<CopyState> => {
    calls.describe++;
    if (raisedAt === undefined) return { status: "InService", copies: 0, desired: 0 };
    if (!hasCapacity) return { status: "Failed", copies: 0, desired: 1, failure: "Insufficient capacity for ml.g6" };
    const isUp = time.clock.epochMillis() - raisedAt >= takesSeconds * 1000;
    return { status: isUp ? "InService" : "Updating", copies: isUp ? 1 : 0, desired: 1 };
  };
  const copies = {
    describe,
    async setCopies() {
      calls.setCopies++;
      raisedAt = time.clock.epochMillis();
    },
  };
  const shared = createSharedWake({ store, copies, clock: time.clock, random: () => 0.5 });
  let tokens = 0;
  const process = (): Waker =>
    createWaker({
      sleeperOf: (model) => (model === "big" ? SLEEPER : undefined),
      shared: createSharedWake({ store, copies, clock: time.clock, random: () => 0.5 }),
      takesJobs: true,
      clock: time.clock,
      newToken: () => `token-${tokens++}`,
    });
  const ended: string[] = [];
  let held = 0;

  /** A request of a process of its own. */
  function ask(
    headers: Record<string, string> = {},
    { hasStandIn = false, deadlineSeconds = 60, hasBegun = false } = {},
  ) {
    const deadlineMillis = time.clock.epochMillis() + deadlineSeconds * 1000;
    const index = ended.push("waits") - 1;
    const work = { headers, context: { requestId: "r", deadlineMillis } } as unknown as Work;
    const wishes = {
      respondAsync: headers.prefer?.includes("respond-async") ?? false,
      waitMillis: headers.wait === undefined ? undefined : Number(headers.wait) * 1000,
      hasDeadline: headers["x-farthing-deadline-ms"] !== undefined,
      insists: false,
    };
    const patience = { wishes, onHold: () => held++, hasBegun: () => hasBegun };
    const met = process().met({ ...work, patience }, { model: "big", hasOtherTarget: false, hasStandIn });
    met.then(
      (outcome) => {
        ended[index] = outcome;
      },
      (error: FarthingError) => {
        ended[index] = isBetterAsJob(error) ? "job" : `${error.code} ${error.retryAfterSeconds} ${isAsleep(error)}`;
      },
    );
    return met.catch((error: FarthingError) => error);
  }

  async function pass(seconds: number) {
    for (let step = 0; step < seconds * 20; step++) {
      time.pass(50);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
  }
  return { shared, ask, pass, ended, calls, store, time, forget: () => (raisedAt = undefined), heldCount: () => held };
}

test("one raises the copies and looks; as many as may wait, the others are told how long it takes", async () => {
  const { ask, pass, ended, calls, heldCount, store } = world();
  for (let index = 0; index < 8; index++) void ask();
  await pass(2);
  expect(ended.filter((outcome) => outcome === "waits")).toHaveLength(SLEEPER.maxHeld);
  expect(
    ended.filter((outcome) => outcome !== "waits").every((said) => /^model_not_ready (9|10) true$/.test(said)),
  ).toBe(true);
  await pass(9);
  expect(ended.filter((outcome) => outcome === "again")).toHaveLength(SLEEPER.maxHeld);
  expect([calls.setCopies, heldCount()]).toEqual([1, SLEEPER.maxHeld]);
  // One looks four times a second; three would have looked three times as often.
  expect(calls.describe).toBeLessThan(50);
  expect(store.state.waking).toBeUndefined();
  expect(store.state.observedSeconds).toHaveLength(1);
  expect(store.state.observedSeconds[0]).toBeCloseTo(10, 0);
});

test("each caller gets what it wished", async () => {
  const { ask, pass, ended } = world();
  void ask({}, { hasStandIn: true });
  void ask({ prefer: "respond-async" });
  void ask({ wait: "5" });
  void ask({ "x-farthing-deadline-ms": "1" }, { hasStandIn: true, deadlineSeconds: 20 });
  await pass(1);
  expect(ended).toEqual(["on", "job", "model_not_ready 10 true", "waits"]);
  await pass(12);
  expect(ended[3]).toBe("again");
});

test("a wake-up that takes longer than it was said to ends as the wish has it, and nobody waits beyond it", async () => {
  const { ask, pass, ended, time } = world({ takesSeconds: 100 });
  const started = time.clock.epochMillis();
  void ask({ wait: "15", prefer: "respond-async" });
  void ask({ wait: "15" }, { hasStandIn: true });
  void ask({ wait: "15" }, { hasStandIn: true, hasBegun: true });
  await pass(16);
  expect(time.clock.epochMillis() - started).toBe(16_000);
  expect(ended.slice(0, 2)).toEqual(["job", "on"]);
  expect(ended[2]).toMatch(/^model_not_ready/);
});

test("the next one goes on where the owner left, and learns nothing from a time it did not see", async () => {
  const { ask, pass, ended, calls, store } = world({ takesSeconds: 45 });
  // Refused at once: nobody looks after the wake-up any more.
  void ask({ wait: "1" });
  await pass(1);
  expect(ended).toEqual([expect.stringMatching(/^model_not_ready/)]);
  await pass(WAKE_LIMITS.ownedForMillis / 1000);
  void ask();
  await pass(30);
  expect(ended[1]).toBe("again");
  expect(calls.setCopies).toBe(1);
  expect(store.state.observedSeconds).toEqual([]);
});

test("who dies is missed until its lock is over; then one of those who wait takes it", async () => {
  const { shared, pass, calls } = world({ takesSeconds: 18 });
  await shared.begin("c", "dead");
  const looks = async () => Promise.all(["a", "b", "c"].map((token) => shared.look("c", token)));
  await pass(14);
  const before = calls.describe;
  const waiting = looks();
  await pass(1);
  await waiting;
  expect(calls.describe).toBe(before);
  await pass(1);
  const after = looks();
  await pass(1);
  expect((await after).filter(({ state }) => state.waking?.owner !== "dead")).toHaveLength(1);
  expect([calls.describe, calls.setCopies]).toEqual([before + 1, 1]);
});

test("no capacity is told, with the time after which it is tried again; then it is", async () => {
  const { ask, pass, calls } = world({ hasCapacity: false });
  const first = ask();
  await pass(2);
  const error = (await first) as FarthingError;
  expect(error.message).toBe('The model "big" could not be woken: there was no capacity for it. It is tried again.');
  expect(error.retryAfterSeconds).toBeGreaterThan(60);
  void ask();
  await pass(1);
  expect(calls.setCopies).toBe(1);
  await pass(WAKE_LIMITS.restAfterFailureMillis / 1000);
  void ask();
  await pass(1);
  expect(calls.setCopies).toBe(2);
});

test("estimates follow what wake-ups took", async () => {
  const { ask, pass, forget } = world({ takesSeconds: 30 });
  for (let wake = 0; wake < 3; wake++) {
    void ask({ "x-farthing-deadline-ms": "1" });
    await pass(31);
    forget();
  }
  const told = (await Promise.race([ask({ wait: "5" }), pass(1)])) as FarthingError;
  expect(told.retryAfterSeconds).toBeGreaterThanOrEqual(29);
  expect(told.retryAfterSeconds).toBeLessThanOrEqual(31);
});

test("a model that never sleeps, or one that is to be had elsewhere, makes nobody wait", async () => {
  const time = fakeClock();
  const shared = {
    begin: async () => ({ look: "waking" as const, state: NEW_WAKE_STATE }),
    look: never,
    sit: never,
    leave: never,
  };
  const waker = createWaker({
    sleeperOf: (model) => (model === "big" ? SLEEPER : undefined),
    shared,
    takesJobs: true,
    clock: time.clock,
    newToken: () => "t",
  });
  const work = { headers: {}, context: { deadlineMillis: time.clock.epochMillis() + 60_000 } } as unknown as Work;
  expect(await waker.met(work, { model: "other", hasOtherTarget: false, hasStandIn: false })).toBe("on");
  expect(await waker.met(work, { model: "big", hasOtherTarget: true, hasStandIn: true })).toBe("on");
});

const never = async (): Promise<never> => {
  throw new Error("nobody should have asked");
};
