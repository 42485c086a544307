import type { Account, LeaseEntry } from "../../../core/metering/leases/account.ts";
import { NEW_ACCOUNT } from "../../../core/metering/leases/account.ts";
import { createMemoryAccountStore } from "../../../core/metering/leases/memory-account-store.ts";
import { reconcileLeases } from "../../../core/metering/reconcile-leases.ts";
import { reconcileUsage } from "../../../core/metering/reconcile-usage.ts";
import { createUsageSequence } from "../../../core/metering/usage-sequence.ts";
import { budgetData } from "../../../core/tenants/budget-data.ts";
import { leaseEntry } from "./leases/lease-entry.ts";
import { memoryUsageStore } from "./memory-usage-store.ts";
import { usageLine } from "./usage-lines.ts";

const STARTED = Date.parse("2026-11-24T23:50:00.000Z");
const ENDED = STARTED + 60_000;
const HOURS = 3_600_000;
const LATER = ENDED + HOURS;
const KEY_HASH = "b".repeat(64);

const lease = (overrides: Partial<LeaseEntry> = {}): LeaseEntry =>
  leaseEntry({
    ...{ day: "2026-11-24", startedAtMillis: STARTED, expiresAtMillis: ENDED, grantedPicodollars: 100n },
    ...overrides,
  });

async function world(ids: Readonly<Record<string, string>> = { "tenant#acme": "L" }) {
  const store = createMemoryAccountStore();
  for (const [id, name] of Object.entries(ids)) {
    const account: Account = {
      ...NEW_ACCOUNT,
      revision: 1,
      day: "2026-11-24",
      charged: {},
      leases: { [name]: lease() },
    };
    await store.write(id, account);
  }
  const accounts = {
    ...store,
    list: async () => [...store.accounts].map(([id, account]) => ({ id, account })),
  };
  const usage = memoryUsageStore();
  const number = createUsageSequence({ newName: () => "dead" });
  return {
    store,
    number,
    count: (...lines: ReturnType<typeof usageLine>[]) =>
      reconcileUsage(lines, { store: usage, isDeleted: async () => false, costOf: () => 0n }),
    settle: (nowMillis: number) =>
      reconcileLeases(nowMillis, {
        accounts,
        usage,
        tenantOfKey: async (hash) => (hash === KEY_HASH ? "acme" : undefined),
      }),
  };
}

const line = (at: string, picodollars: number, names: object = { lease: "L" }) =>
  usageLine({ at, priceUsd: picodollars / 1e12, ...names });

test("a dead process is charged what its lines say, on either side of midnight, and the rest is free again", async () => {
  const { store, number, count, settle } = await world();
  await count(number(line("2026-11-24T23:50:30.000Z", 30)), number(line("2026-11-25T00:01:00.000Z", 12)));
  expect(await settle(LATER)).toEqual({ settled: 1, releasedPicodollars: 58n, waiting: 0 });
  expect(store.accounts.get("tenant#acme")).toMatchObject({
    leases: {},
    charged: { "2026-11-24": 32n, "2026-11": 32n },
  });
  expect(await settle(LATER)).toMatchObject({ settled: 0 });
});

test("nothing is settled while lines may still come", async () => {
  const { number, count, settle } = await world();
  await count(number(line("2026-11-24T23:50:30.000Z", 30)));
  expect(await settle(ENDED + 20 * 60_000)).toMatchObject({ settled: 0, waiting: 0 });
});

test("a line that must exist and has not come is waited for, a day at most", async () => {
  const { number, count, settle } = await world();
  const [first, lost, third] = [1, 2, 4].map((price) => number(line("2026-11-24T23:50:30.000Z", price)));
  await count(first as ReturnType<typeof usageLine>, third as ReturnType<typeof usageLine>);
  expect(await settle(LATER)).toMatchObject({ settled: 0, waiting: 1 });
  expect(await settle(ENDED + 26 * HOURS)).toMatchObject({ settled: 1 });
  expect(lost?.sequence).toBe(2);
});

test("a key's lease is settled from its tenant's lines; one of a key that is gone stays", async () => {
  const { store, number, count, settle } = await world({ [`key#${KEY_HASH}`]: "K", [`key#${"c".repeat(64)}`]: "X" });
  await count(number(line("2026-11-24T23:50:30.000Z", 30, { lease: "L", keyLease: "K" })));
  expect(await settle(LATER)).toMatchObject({ settled: 1, releasedPicodollars: 70n });
  expect(store.accounts.get(`key#${KEY_HASH}`)?.charged["2026-11"]).toBe(20n);
});

test("budget accounts go with their tenant, its shards and its keys, and nobody else's do", async () => {
  const ids = ["tenant#acme", "tenant#acme#3", "tenant#acme2", `key#${KEY_HASH}`, `key#${"c".repeat(64)}`];
  const left = new Set(ids);
  const accounts = { list: async () => ids.map((id) => ({ id })), remove: async (id: string) => void left.delete(id) };
  expect(await budgetData(accounts).remove("acme", [KEY_HASH])).toBe(3);
  expect([...left]).toEqual(["tenant#acme2", `key#${"c".repeat(64)}`]);
});
