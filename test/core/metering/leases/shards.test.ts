import { type Account, committed, NEW_ACCOUNT } from "../../../../core/metering/leases/account.ts";
import { keptWindows } from "../../../../core/metering/leases/free-money.ts";
import { createMemoryAccountStore } from "../../../../core/metering/leases/memory-account-store.ts";
import { fund, settleShard, withAllotment } from "../../../../core/metering/leases/shards.ts";
import { settleStoredShards } from "../../../../core/metering/leases/stored-shards.ts";
import { reconcileLeases } from "../../../../core/metering/reconcile-leases.ts";
import type { UsageReader } from "../../../../core/metering/usage-store.ts";
import type { Terms } from "../../../../core/tenants/terms.ts";
import { admissionWorld, hard } from "../admission-world.ts";
import { leaseEntry } from "./lease-entry.ts";

const [DAY, NEXT, MONTH] = ["2026-11-24", "2026-11-25", "2026-11"];
const NOW = Date.UTC(2026, 10, 24, 12);
const LEASE = leaseEntry({ day: DAY, startedAtMillis: NOW, expiresAtMillis: NOW + 60_000 });
const ROOT: Account = {
  ...NEW_ACCOUNT,
  revision: 5,
  day: DAY,
  charged: { [DAY]: 7n, [MONTH]: 9n },
  shards: { 2: { [DAY]: 40n } },
};
const SHARD: Account = {
  ...NEW_ACCOUNT,
  revision: 3,
  day: DAY,
  charged: { [DAY]: 10n, [MONTH]: 10n },
  allotted: { [DAY]: 40n },
};
const monthly = (picodollars: number): Terms => ({ budgets: { monthly: hard(picodollars) }, limits: {} });
const asked = { terms: monthly(100), day: DAY, wanted: 20n, cap: 1n, nowMillis: NOW };

test("what a shard was allotted is committed, and more of it is never more than is free", () => {
  expect(committed(ROOT, MONTH)).toBe(49n);
  const funded = fund(ROOT, 2, SHARD, asked);
  expect(funded?.allotted).toEqual({ [DAY]: 60n });
  expect(committed(funded?.root ?? ROOT, MONTH)).toBe(69n);
  expect(fund(ROOT, 2, SHARD, { ...asked, wanted: 1_000n })?.allotted).toEqual({ [DAY]: 91n });
  expect(fund(ROOT, 2, SHARD, { ...asked, terms: monthly(49) })).toBeUndefined();
});

test("a shard that was never funded for the day is entered, even with nothing: its account then knows that limits are shared", () => {
  expect(fund(ROOT, 4, NEW_ACCOUNT, { ...asked, terms: monthly(1) })?.root.shards).toEqual({
    2: { [DAY]: 40n },
    4: { [DAY]: 0n },
  });
});

test("a day is settled when it is over and its leases are: then the rest is free, and what was charged is the account's", () => {
  expect(settleShard(ROOT, 2, SHARD)).toEqual(ROOT);
  expect(settleShard(ROOT, 2, { ...SHARD, day: NEXT, leases: { L: LEASE } })).toEqual(ROOT);
  const settled = settleShard(ROOT, 2, { ...SHARD, day: NEXT });
  expect(settled).toMatchObject({ charged: { [DAY]: 17n, [MONTH]: 19n }, shards: {} });
  expect(committed(settled, MONTH)).toBe(19n);
});

test("a shard keeps the charges of a day until its account has them, and the account its windows while a shard counts in them", () => {
  expect(keptWindows(SHARD.charged, "2026-12-01", SHARD)).toEqual(SHARD.charged);
  expect(keptWindows(SHARD.charged, "2026-12-01", { ...SHARD, allotted: {} })).toEqual({});
  expect(keptWindows(ROOT.charged, "2026-12-01", ROOT)).toEqual(ROOT.charged);
});

test("what a shard has heard of its account is not lost by reading an older item, nor counted twice", () => {
  expect(withAllotment(SHARD, { [DAY]: 60n, [NEXT]: 5n }).allotted).toEqual({ [DAY]: 60n, [NEXT]: 5n });
  expect(withAllotment(SHARD, { [DAY]: 20n }).allotted).toEqual({ [DAY]: 40n });
});

test("shards that nobody uses any more are closed and settled a day later, once", async () => {
  const store = createMemoryAccountStore();
  await store.write("tenant#t", { ...ROOT, revision: 1 });
  await store.write("tenant#t#2", { ...SHARD, revision: 1 });
  expect(await settleStoredShards(store, "tenant#t", NOW)).toBe(0);
  const tomorrow = NOW + 86_400_000;
  expect(await settleStoredShards(store, "tenant#t", tomorrow)).toBe(1);
  expect(await settleStoredShards(store, "tenant#t", tomorrow)).toBe(0);
  expect(store.accounts.get("tenant#t")).toMatchObject({ charged: { [MONTH]: 19n }, shards: {} });
  expect(store.accounts.get("tenant#t#2")).toMatchObject({ day: NEXT });
});

test("a shard that another writer changes meanwhile is left for the next run", async () => {
  const store = createMemoryAccountStore();
  await store.write("tenant#t", { ...ROOT, revision: 1 });
  await store.write("tenant#t#2", { ...SHARD, revision: 1 });
  const busy = {
    ...store,
    write: async (id: string, account: Account) =>
      id === "tenant#t#2" ? ("refused" as const) : store.write(id, account),
  };
  expect(await settleStoredShards(busy, "tenant#t", NOW + 86_400_000)).toBe(0);
  expect(store.accounts.get("tenant#t")?.shards).toEqual(ROOT.shards);
});

test("environments beyond the crowd take their leases from shards, and the budget is one", async () => {
  const world = admissionWorld(NOW, 2);
  const of: Terms = { budgets: { daily: hard(1_000) }, limits: { requestsPerSecond: 900, concurrency: 90 } };
  let charged = 0n;
  const environments = Array.from({ length: 12 }, () => world.environment());
  for (let round = 0; round < 30; round++) {
    for (const environment of environments) {
      const admitted = await Promise.resolve(environment.admit(world.demand({ of }))).catch(() => undefined);
      if (admitted !== undefined) charged += admitted.settle(10n, 1);
      await environment.settled();
      world.pass(30);
    }
  }
  const ids = [...world.memory.accounts.keys()];
  expect(ids.length).toBeGreaterThan(2);
  // The first two went there too, when their leases were renewed.
  expect(Object.keys(world.memory.accounts.get("tenant#acme")?.leases ?? {})).toHaveLength(0);
  expect(charged).toBeLessThanOrEqual(1_000n);
  // What is left lies in open leases and in shards, each of them less than a slice.
  expect(charged).toBeGreaterThan(700n);
});

test("the reconciler settles shards, too", async () => {
  const store = createMemoryAccountStore();
  await store.write("tenant#t", { ...ROOT, revision: 1 });
  await store.write("tenant#t#2", { ...SHARD, revision: 1 });
  const accounts = {
    ...store,
    list: async () => [...store.accounts].map(([id, account]) => ({ id, account })),
  };
  const usage = { pages: async () => [] } as unknown as UsageReader;
  await reconcileLeases(NOW + 86_400_000, { accounts, usage, tenantOfKey: async () => undefined });
  expect(store.accounts.get("tenant#t")).toMatchObject({ charged: { [MONTH]: 19n }, shards: {} });
});
