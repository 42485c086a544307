import * as fc from "fast-check";
import { reconcileUsage } from "../../../core/metering/reconcile-usage.ts";
import { linePicodollars } from "../../../core/metering/usage-counts.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { gapsIn, includes, type Ranges, withNumber } from "../../../core/metering/usage-ranges.ts";
import { usageRows, usageTotal } from "../../../core/metering/usage-report.ts";
import { createUsageSequence } from "../../../core/metering/usage-sequence.ts";
import { memoryUsageStore } from "./memory-usage-store.ts";
import { usageLine } from "./usage-lines.ts";

const nobodyDeleted = async () => false;
/** Some cost that tells lines apart. */
const costOf = (line: UsageLine): bigint => BigInt(line.inputTokens) * 7n + 1n;
const DAY = "2026-11-24";

/** Lines as some processes write them, for some tenants, keys, models and days. */
const written = fc
  .array(
    fc.record({
      process: fc.nat(2),
      tenant: fc.constantFrom("acme", "globex"),
      key: fc.constantFrom("fk_aaaa", "fk_bbbb"),
      model: fc.constantFrom("digits", "sms-spam"),
      day: fc.constantFrom("2026-11-23", DAY),
      picodollars: fc.nat(5_000_000),
      inputTokens: fc.nat(5_000),
      failed: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((requests) => {
    const sequences = [0, 1, 2].map((process) => createUsageSequence({ newName: () => `process-${process}` }));
    return requests.map(({ process, day, picodollars, failed, ...fields }, index) =>
      (sequences[process] as (line: UsageLine) => UsageLine)(
        usageLine({
          ...fields,
          requestId: `request-${index}`,
          at: `${day}T12:00:00.000Z`,
          priceUsd: failed ? 0 : picodollars / 1e12,
          ...(failed && { error: "internal", status: 500 }),
        }),
      ),
    );
  });

/** The lines in any order, some more than once, cut into batches. */
const delivered = written.chain((lines) =>
  fc
    .tuple(
      fc.shuffledSubarray([...lines, ...lines, ...lines], { minLength: 0, maxLength: lines.length * 3 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
    )
    .map(([some, sizes]) => {
      // Every line comes at least once.
      const stream = [...some, ...lines.filter((line) => !some.includes(line))];
      const batches: UsageLine[][] = [];
      while (stream.length > 0) batches.push(stream.splice(0, sizes[batches.length % sizes.length]));
      return { lines, batches };
    }),
);

test("however lines are delivered, each counts once, in the sum that it belongs to", async () => {
  await fc.assert(
    fc.asyncProperty(delivered, fc.boolean(), async ({ lines, batches }, atOnce) => {
      const store = memoryUsageStore();
      const work = (batch: readonly UsageLine[]) => reconcileUsage(batch, { store, isDeleted: nobodyDeleted, costOf });
      if (atOnce) await Promise.all(batches.map(work));
      else for (const batch of batches) await work(batch);
      for (const tenant of ["acme", "globex"]) {
        const groupBy = ["day", "model", "key"] as const;
        const rows = await usageRows(tenant, { from: "2026-11-23", to: DAY, groupBy }, store);
        const own = lines.filter((line) => line.tenant === tenant);
        expect(usageTotal(rows).requests).toBe(own.length);
        for (const row of rows) {
          const same = own.filter((l) => l.at.startsWith(row.day ?? "") && l.model === row.model && l.key === row.key);
          expect(row.requests).toBe(same.length);
          expect(row.errors).toBe(same.filter(({ error }) => error !== undefined).length);
          expect(row.inputTokens).toBe(same.reduce((sum, { inputTokens }) => sum + inputTokens, 0));
          expect(row.pricePicodollars).toBe(same.reduce((sum, line) => sum + linePicodollars(line), 0n));
          expect(row.costPicodollars).toBe(same.reduce((sum, line) => sum + costOf(line), 0n));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a writer that dies between reading and writing changes nothing; the lines come again and count", async () => {
  const store = memoryUsageStore();
  const sequence = createUsageSequence({ newName: () => "p" });
  const lines = [1, 2, 3].map((n) => sequence(usageLine({ requestId: `r${n}` })));
  const dying = { ...store, put: () => Promise.reject(new Error("the store is away")) };
  await expect(reconcileUsage(lines, { store: dying, isDeleted: nobodyDeleted, costOf })).rejects.toThrow("away");
  expect(store.stored.size).toBe(0);
  // Written, but the answer was lost: the same lines come again.
  const lossy = {
    ...store,
    put: async (page: Parameters<typeof store.put>[0]) => {
      await store.put(page);
      throw new Error("no answer");
    },
  };
  await expect(reconcileUsage(lines, { store: lossy, isDeleted: nobodyDeleted, costOf })).rejects.toThrow("no answer");
  expect(await reconcileUsage(lines, { store, isDeleted: nobodyDeleted, costOf })).toEqual({
    counted: 0,
    repeated: 3,
    dropped: 0,
    missing: 0,
  });
});

test("lines that have not come are told by the numbers of the others", async () => {
  const store = memoryUsageStore();
  const sequence = createUsageSequence({ newName: () => "p" });
  const lines = [1, 2, 3, 4].map((n) => sequence(usageLine({ requestId: `r${n}` })));
  const some = [lines[0], lines[3]] as UsageLine[];
  expect(await reconcileUsage(some, { store, isDeleted: nobodyDeleted, costOf })).toMatchObject({
    counted: 2,
    missing: 2,
  });
});

test("lines without a number count by their request id", async () => {
  const store = memoryUsageStore();
  const lines = [usageLine({ requestId: "a" }), usageLine({ requestId: "b" }), usageLine({ requestId: "a" })];
  expect(await reconcileUsage(lines, { store, isDeleted: nobodyDeleted, costOf })).toMatchObject({
    counted: 2,
    repeated: 1,
  });
});

test("a deleted tenant's late lines leave no record", async () => {
  const store = memoryUsageStore();
  const isDeleted = async (tenant: string) => tenant === "acme";
  const lines = [usageLine(), usageLine({ tenant: "globex" })];
  expect(await reconcileUsage(lines, { store, isDeleted, costOf })).toMatchObject({ counted: 1, dropped: 1 });
  expect([...store.stored.values()].map(({ tenant }) => tenant)).toEqual(["globex"]);
});

test("what was charged under a lease is summed by its name, of the tenant and of the key", async () => {
  const store = memoryUsageStore();
  const sequence = createUsageSequence({ newName: () => "p" });
  const lines = [
    sequence(usageLine({ priceUsd: 0.000001, lease: "l1", keyLease: "k1" })),
    sequence(usageLine({ priceUsd: 0.000002, lease: "l1" })),
    sequence(usageLine({ priceUsd: 0.000004, lease: "l2" })),
  ];
  await reconcileUsage([...lines, ...lines], { store, isDeleted: nobodyDeleted, costOf });
  const [page] = await store.pages("acme", DAY);
  expect(page?.leases).toEqual({ l1: 3_000_000n, l2: 4_000_000n, k1: 1_000_000n });
});

test("a process that numbers for too many tenants takes a new name, and no number comes twice under one", () => {
  let names = 0;
  const sequence = createUsageSequence({ newName: () => `p${names++}`, capacity: 3 });
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const line = sequence(usageLine({ tenant: `t${(i * 7) % 5}` }));
    const name = `${line.process} ${line.tenant} ${line.sequence}`;
    expect(seen.has(name)).toBe(false);
    seen.add(name);
  }
  expect(names).toBeGreaterThan(1);
});

test("ranges are the set of their numbers", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (numbers) => {
      const ranges = numbers.reduce<Ranges>(withNumber, []);
      const set = new Set(numbers);
      for (let n = 0; n <= 42; n++) expect(includes(ranges, n)).toBe(set.has(n));
      for (let i = 1; i < ranges.length; i++) {
        expect((ranges[i]?.[0] as number) - (ranges[i - 1]?.[1] as number)).toBeGreaterThan(1);
      }
      const span = set.size === 0 ? 0 : Math.max(...set) - Math.min(...set) + 1;
      expect(gapsIn(ranges)).toBe(span - set.size);
    }),
  );
});
