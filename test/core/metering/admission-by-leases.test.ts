import type { Grant } from "../../../core/metering/admission.ts";
import { LEASE_LIMITS } from "../../../core/metering/leases/lease-limits.ts";
import { reconcileStoredLease, settleableLeases } from "../../../core/metering/leases/reconcile-lease.ts";
import type { Terms } from "../../../core/tenants/terms.ts";
import { admissionWorld, atOnce, hard } from "./admission-world.ts";

const daily = (picodollars: number): Terms => ({ budgets: { daily: hard(picodollars) }, limits: {} });
const limited = (limits: Terms["limits"]): Terms => ({ budgets: {}, limits });

test("who has no terms is let in without a lease, and the store is not asked", () => {
  const world = admissionWorld();
  const grant = atOnce(world.environment().admit(world.demand({})));
  expect(grant.leases).toEqual({});
  expect(grant.spend(10n ** 30n, 1e9)).toBe("go-on");
  expect(grant.settle(7n, 1)).toBe(7n);
  expect(grant.headers()).toEqual({});
  expect(world.calls).toEqual({ reads: 0, writes: 0 });
});

test("after the first request a lease answers at once; each names it", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of = daily(1_000_000);
  const first = environment.admit(world.demand({ of }));
  expect(first).toBeInstanceOf(Promise);
  expect((await first).settle(3n, 1)).toBe(3n);
  for (let request = 0; request < 15; request++) {
    const grant = atOnce(environment.admit(world.demand({ of })));
    expect(grant.leases).toEqual({ lease: "L0" });
    expect(grant.settle(3n, 1)).toBe(3n);
  }
  expect(world.calls.writes).toBe(1);
});

test("a budget ends exactly: what is left is spent to the last picodollar, then refused until the day ends", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of = daily(105);
  let charged = 0n;
  for (let request = 0; request < 10; request++) {
    charged += (await environment.admit(world.demand({ of }))).settle(10n, 1);
  }
  await environment.settled();
  await expect(environment.admit(world.demand({ of }))).rejects.toMatchObject({
    code: "budget_exceeded",
    status: 429,
    retryAfterSeconds: 12 * 3_600,
  });
  charged += (await environment.admit(world.demand({ of, maximumPricePicodollars: 5n }))).settle(5n, 1);
  expect(charged).toBe(105n);
  world.pass(12 * 3_600_000);
  expect((await environment.admit(world.demand({ of }))).settle(10n, 1)).toBe(10n);
});

test("a monthly budget ends with the month, not with the day", async () => {
  const world = admissionWorld(Date.UTC(2026, 10, 30, 23, 59));
  const environment = world.environment();
  const of: Terms = { budgets: { monthly: hard(10) }, limits: {} };
  (await environment.admit(world.demand({ of }))).settle(10n, 1);
  await expect(environment.admit(world.demand({ of }))).rejects.toMatchObject({ retryAfterSeconds: 60 });
  world.pass(60_000);
  expect((await environment.admit(world.demand({ of }))).settle(10n, 1)).toBe(10n);
  world.pass(24 * 3_600_000);
  await expect(environment.admit(world.demand({ of }))).rejects.toMatchObject({ code: "budget_exceeded" });
});

test("a stream starts with what is left and ends there; what was approved is charged", async () => {
  const world = admissionWorld();
  const of = daily(25);
  const grant = await world.environment().admit(world.demand({ of, stream: true, maximumPricePicodollars: 100n }));
  expect(await grant.spend(20n, 2)).toBe("go-on");
  expect(await grant.spend(25n, 3)).toBe("go-on");
  expect(await grant.spend(26n, 4)).toBe("reached");
  expect(grant.settle(25n, 3)).toBe(25n);
  expect(grant.settle(25n, 3)).toBe(25n);
});

test("a stream goes on by renewals, past its lease's life and past midnight, in the day that it began in", async () => {
  const world = admissionWorld(Date.UTC(2026, 10, 24, 23, 58));
  const environment = world.environment();
  const of = daily(1_000);
  const stream = world.demand({
    of,
    stream: true,
    maximumPricePicodollars: 400n,
    deadlineMillis: world.now() + 600_000,
  });
  const grant = await environment.admit(stream);
  for (let sent = 40n; sent <= 400n; sent += 40n) {
    world.pass(40_000);
    expect(await grant.spend(sent, Number(sent))).toBe("go-on");
    await environment.settled();
  }
  expect(grant.settle(400n, 400)).toBe(400n);
  expect((await environment.admit(world.demand({ of, maximumPricePicodollars: 1_000n }))).settle(1_000n, 1)).toBe(
    1_000n,
  );
  await environment.close();
  expect(world.memory.accounts.get("tenant#acme")?.charged).toEqual({ "2026-11": 1_400n, "2026-11-25": 1_000n });
});

test("nothing is charged after the deadline, whatever the process slept through", async () => {
  const world = admissionWorld();
  const grant = await world.environment().admit(world.demand({ of: daily(100), stream: true }));
  expect(grant.spend(5n, 1)).toBe("go-on");
  world.pass(3_600_000);
  expect(grant.spend(6n, 1)).toBe("reached");
  expect(grant.settle(5n, 1)).toBe(0n);
});

test("no more is charged than was approved", async () => {
  const world = admissionWorld();
  const grant = await world.environment().admit(world.demand({ of: daily(12) }));
  expect(grant.settle(50n, 1)).toBeLessThanOrEqual(12n);
});

test("a key's own budget refuses, and costs its tenant nothing", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of = daily(1_000);
  const key = daily(10);
  const grant = await environment.admit(world.demand({ of, key }));
  expect(grant.leases).toEqual({ lease: "L1", keyLease: "L0" });
  expect(grant.settle(10n, 1)).toBe(10n);
  await expect(environment.admit(world.demand({ of, key }))).rejects.toThrow("budget of this API key");
  (await environment.admit(world.demand({ of, keyHash: "bb" }))).settle(10n, 1);
  await environment.close();
  expect(world.memory.accounts.get("tenant#acme")?.charged["2026-11-24"]).toBe(20n);
  expect(world.memory.accounts.get("key#aa")?.charged["2026-11-24"]).toBe(10n);
});

test("a request that its tenant refuses takes nothing of its key's limits", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const key = limited({ concurrency: 1 });
  await expect(environment.admit(world.demand({ of: daily(5), key }))).rejects.toThrow("budget of your account");
  world.pass(1_000);
  (await environment.admit(world.demand({ of: daily(50), key }))).settle(1n, 1);
});

test("a soft budget is counted and refuses nothing", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of: Terms = { budgets: { daily: { picodollars: 5n, enforcement: "soft" } }, limits: {} };
  for (let request = 0; request < 5; request++) (await environment.admit(world.demand({ of }))).settle(10n, 1);
  expect(atOnce(environment.admit(world.demand({ of }))).headers()).toEqual({});
  world.pass(LEASE_LIMITS.lifeMillis);
  const told = await environment.admit(world.demand({ of }));
  expect(told.headers()).toEqual({ "x-farthing-budget-exceeded": "daily" });
  await environment.close();
  expect(world.memory.accounts.get("tenant#acme")?.charged["2026-11-24"]).toBe(50n);
});

test("requests per second: a burst passes, then 429 with the time to wait, then it goes on", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of = limited({ requestsPerSecond: 5 });
  const admitted: Grant[] = [];
  for (let request = 0; request < 5; request++) admitted.push(await environment.admit(world.demand({ of })));
  await expect(environment.admit(world.demand({ of }))).rejects.toMatchObject({
    code: "rate_limited",
    status: 429,
    retryAfterSeconds: 1,
  });
  for (const grant of admitted) grant.settle(1n, 1);
  world.pass(1_000);
  (await environment.admit(world.demand({ of }))).settle(1n, 1);
});

test("tokens per minute count what was really used", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of = limited({ tokensPerMinute: 600 });
  (await environment.admit(world.demand({ of, estimatedTokens: 400 }))).settle(1n, 100);
  const second = await environment.admit(world.demand({ of, estimatedTokens: 400 }));
  second.settle(1n, 600);
  await expect(environment.admit(world.demand({ of, estimatedTokens: 400 }))).rejects.toMatchObject({
    code: "rate_limited",
    message: expect.stringContaining("600 tokens per minute"),
  });
});

test("a request of more tokens than a minute has passes when nothing else was used", async () => {
  const world = admissionWorld();
  const of = limited({ tokensPerMinute: 600 });
  (await world.environment().admit(world.demand({ of, estimatedTokens: 5_000 }))).settle(1n, 5_000);
});

test("concurrency holds over environments, and a finished request makes room", async () => {
  const world = admissionWorld();
  const [one, two] = [world.environment(), world.environment()];
  const of = limited({ concurrency: 2 });
  const first = await one.admit(world.demand({ of }));
  const second = await two.admit(world.demand({ of }));
  await expect(one.admit(world.demand({ of }))).rejects.toMatchObject({ code: "rate_limited" });
  second.settle(1n, 1);
  await two.settled();
  world.pass(100);
  const third = await one.admit(world.demand({ of }));
  await expect(two.admit(world.demand({ of }))).rejects.toThrow("2 requests at the same time");
  first.settle(1n, 1);
  third.settle(1n, 1);
});

test("a store that is down: the open lease goes on for its life, then 503, then all is well", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of = daily(1_000_000);
  (await environment.admit(world.demand({ of }))).settle(1n, 1);
  world.state.isDown = true;
  world.pass(LEASE_LIMITS.lifeMillis - 1);
  atOnce(environment.admit(world.demand({ of }))).settle(1n, 1);
  await environment.settled();
  world.pass(1);
  const failing = environment.admit(world.demand({ of }));
  await expect(failing).rejects.toMatchObject({ code: "dependency_unavailable", retryAfterSeconds: 2 });
  const { reads, writes } = world.calls;
  await expect(environment.admit(world.demand({ of }))).rejects.toMatchObject({ status: 503 });
  expect(world.calls).toEqual({ reads, writes });
  world.state.isDown = false;
  world.pass(1_000);
  (await environment.admit(world.demand({ of }))).settle(1n, 1);
  await environment.close();
  expect(world.memory.accounts.get("tenant#acme")?.charged["2026-11-24"]).toBe(3n);
});

test("the lease of an environment that died is withheld until its usage lines are read, and then comes back", async () => {
  const world = admissionWorld();
  const of = daily(100);
  const dead = await world.environment().admit(world.demand({ of, maximumPricePicodollars: 90n }));
  world.state.isDown = true;
  expect(dead.settle(30n, 1)).toBe(30n);
  await undefined;
  world.state.isDown = false;
  const alive = world.environment();
  await expect(alive.admit(world.demand({ of, maximumPricePicodollars: 50n }))).rejects.toThrow("daily budget");
  world.pass(20 * 60_000);
  const account = await world.memory.read("tenant#acme");
  expect(settleableLeases(account, world.now())).toMatchObject([{ id: "L0", withheldPicodollars: 90n }]);
  const lines = new Map([["R0", 30n]]);
  const settled = await reconcileStoredLease(world.memory, "tenant#acme", "L0", lines, world.now());
  expect(settled).toMatchObject({
    type: "settled",
    facts: { chargedPicodollars: 30n, releasedPicodollars: 60n, unexplainedPicodollars: 0n, excessPicodollars: 0n },
  });
  expect(await reconcileStoredLease(world.memory, "tenant#acme", "L0", lines, world.now())).toEqual({ type: "absent" });
  expect((await alive.admit(world.demand({ of, maximumPricePicodollars: 70n }))).settle(70n, 1)).toBe(70n);
});

test("a lease is not settled while a request may run under it", async () => {
  const world = admissionWorld();
  await world.environment().admit(world.demand({ of: daily(100) }));
  world.pass(LEASE_LIMITS.lifeMillis + LEASE_LIMITS.maxRequestMillis);
  const tried = await reconcileStoredLease(world.memory, "tenant#acme", "L0", new Map(), world.now());
  expect(tried).toMatchObject({ type: "too-early" });
});

test("closing gives everything back but what still runs", async () => {
  const world = admissionWorld();
  const environment = world.environment();
  const of: Terms = { budgets: { daily: hard(100) }, limits: { requestsPerSecond: 10, concurrency: 3 } };
  (await environment.admit(world.demand({ of }))).settle(7n, 1);
  const running = await environment.admit(world.demand({ of }));
  await environment.close();
  expect(Object.values(world.memory.accounts.get("tenant#acme")?.leases ?? {})).toMatchObject([
    { settledPicodollars: 7n, grantedPicodollars: 17n, slots: 1, requestsPerSecond: 0 },
  ]);
  running.settle(10n, 1);
  await environment.close();
  expect(world.memory.accounts.get("tenant#acme")).toMatchObject({ charged: { "2026-11-24": 17n }, leases: {} });
});

test("headers say limit, rest and time to full as OpenAI's do, of the tighter of tenant and key", async () => {
  const world = admissionWorld();
  const of = limited({ requestsPerSecond: 100, tokensPerMinute: 6_000 });
  const key = limited({ requestsPerSecond: 2 });
  const grant = await world.environment().admit(world.demand({ of, key, estimatedTokens: 600 }));
  expect(grant.headers()).toEqual({
    "x-ratelimit-limit-requests": "2",
    "x-ratelimit-remaining-requests": "1",
    "x-ratelimit-reset-requests": "500ms",
    "x-ratelimit-limit-tokens": "6000",
    "x-ratelimit-remaining-tokens": "5400",
    "x-ratelimit-reset-tokens": "6s",
  });
});
