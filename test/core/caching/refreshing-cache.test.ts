import fc from "fast-check";
import { RecencyMap } from "../../../core/caching/recency-map.ts";
import { createRefreshingCache } from "../../../core/caching/refreshing-cache.ts";

const OPTIONS = {
  refreshBehindAfterMillis: 2_000,
  refreshBeforeAfterMillis: 4_500,
  lastKnownForMillis: 60_000,
  absentForMillis: 1_000,
  capacity: 3,
};

/** A store whose answers the test gives one by one, and a clock that it moves. */
function world() {
  let now = 1_000_000;
  const asked: { readonly key: string; answer(value: string | undefined): void; fail(): void }[] = [];
  const cache = createRefreshingCache<string>({
    ...OPTIONS,
    clock: () => now,
    read: (key) =>
      new Promise((resolve, reject) => asked.push({ key, answer: resolve, fail: () => reject(new Error("down")) })),
  });
  return {
    cache,
    asked,
    pass: (millis: number) => {
      now += millis;
    },
    /** Lets promises settle. */
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    async filled(value = "v1") {
      const first = cache.get("a");
      asked[0]?.answer(value);
      await first;
    },
  };
}

test("a fresh record is answered at once, without a promise and without the store", async () => {
  const { cache, asked, filled, pass } = world();
  await filled();
  pass(OPTIONS.refreshBehindAfterMillis);
  expect(cache.get("a")).toBe("v1");
  expect(asked).toHaveLength(1);
});

test("an older one is answered at once and read again behind the request's back, once", async () => {
  const { cache, asked, filled, pass, settle } = world();
  await filled();
  pass(2_001);
  expect(cache.get("a")).toBe("v1");
  expect(cache.get("a")).toBe("v1");
  expect(asked).toHaveLength(2);
  asked[1]?.answer("v2");
  await settle();
  expect(cache.get("a")).toBe("v2");
});

test("one that is too old is read before it is used", async () => {
  const { cache, asked, filled, pass } = world();
  await filled();
  pass(4_501);
  const waiting = cache.get("a");
  expect(waiting).toBeInstanceOf(Promise);
  asked[1]?.answer("v2");
  expect(await waiting).toBe("v2");
});

test("a read that was frozen with the process is not trusted after the thaw", async () => {
  const { cache, asked, filled, pass, settle } = world();
  await filled();
  pass(3_000);
  cache.get("a");
  pass(600_000);
  const afterThaw = cache.get("a");
  expect(asked).toHaveLength(3);
  asked[1]?.answer("from before the freeze");
  await settle();
  asked[2]?.answer("v3");
  expect(await afterThaw).toBe("v3");
  expect(cache.get("a")).toBe("v3");
});

test("an answer that was asked for earlier never replaces a newer one", async () => {
  const { cache, asked, filled, pass, settle } = world();
  await filled();
  pass(3_000);
  cache.get("a");
  pass(1_200);
  cache.get("a");
  asked[2]?.answer("newer");
  await settle();
  asked[1]?.answer("older");
  await settle();
  expect(cache.get("a")).toBe("newer");
});

test("while the store is down, the last known record serves; only the first caller waits for the failure", async () => {
  const { cache, asked, filled, pass, settle } = world();
  await filled();
  pass(10_000);
  const first = cache.get("a");
  asked[1]?.fail();
  expect(await first).toBe("v1");
  pass(500);
  expect(cache.get("a")).toBe("v1");
  asked[2]?.fail();
  await settle();
  pass(OPTIONS.lastKnownForMillis);
  const last = cache.get("a");
  asked[3]?.fail();
  await expect(last).rejects.toThrow("down");
});

test("absence is believed for a moment, and ends when the record appears", async () => {
  const { cache, asked, pass } = world();
  const first = cache.get("a");
  asked[0]?.answer(undefined);
  expect(await first).toBeUndefined();
  pass(1_000);
  expect(cache.get("a")).toBeUndefined();
  expect(asked).toHaveLength(1);
  pass(1);
  const second = cache.get("a");
  asked[1]?.answer("new");
  expect(await second).toBe("new");
});

test("a record that is gone is forgotten", async () => {
  const { cache, asked, filled, pass } = world();
  await filled();
  pass(5_000);
  const waiting = cache.get("a");
  asked[1]?.answer(undefined);
  expect(await waiting).toBeUndefined();
  expect(cache.get("a")).toBeUndefined();
});

test("getNewerThan reads again unless the record was read within that time", async () => {
  const { cache, asked, filled, pass } = world();
  await filled();
  pass(400);
  expect(await cache.getNewerThan("a", 500)).toBe("v1");
  pass(200);
  const newest = cache.getNewerThan("a", 500);
  asked[1]?.answer("v2");
  expect(await newest).toBe("v2");
});

test("a flood of absent keys pushes no record out", async () => {
  const { cache, asked, filled, settle } = world();
  await filled();
  for (let index = 0; index < 100; index++) {
    void cache.get(`unknown-${index}`);
    asked.at(-1)?.answer(undefined);
  }
  await settle();
  expect(cache.get("a")).toBe("v1");
});

test("no record is answered that was read longer ago than promised, unless the store failed a moment ago, whatever the order of calls and time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ pass: fc.nat(8_000), fails: fc.boolean() }), { maxLength: 30 }),
      async (steps) => {
        let now = 0;
        let isDown = false;
        let failedAt = Number.NEGATIVE_INFINITY;
        const cache = createRefreshingCache<{ readonly readAt: number }>({
          ...OPTIONS,
          clock: () => now,
          read: async () => {
            if (!isDown) return { readAt: now };
            failedAt = now;
            throw new Error("down");
          },
        });
        for (const { pass, fails } of steps) {
          now += pass;
          isDown = fails;
          const record = await Promise.resolve(cache.get("a")).catch(() => undefined);
          const failedJustNow = now - failedAt <= 2_000;
          const oldest = failedJustNow ? OPTIONS.lastKnownForMillis : OPTIONS.refreshBeforeAfterMillis;
          if (record !== undefined) expect(now - record.readAt).toBeLessThanOrEqual(oldest);
          if (!fails) expect(record).toBeDefined();
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("RecencyMap drops what was touched longest ago", () => {
  const map = new RecencyMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.get("a");
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([1, undefined, 3, 2]);
  expect(() => new RecencyMap(0)).toThrow(RangeError);
});

test("RecencyMap keeps its order whatever is touched twice, deleted, or set again", () => {
  const map = new RecencyMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.get("b");
  map.get("a");
  map.get("a");
  map.delete("a");
  map.set("a", 3);
  map.get("b");
  map.set("c", 4);
  expect(["a", "b", "c"].map((key) => map.get(key))).toEqual([undefined, 2, 4]);
});
