import { createMonthToDate } from "../../../core/metering/month-to-date.ts";
import { NO_COUNTS, type UsageCounts } from "../../../core/metering/usage-counts.ts";
import { emptyPage } from "../../../core/metering/usage-page.ts";
import { NOTHING_USED } from "../../../core/pricing/priced-usage.ts";

const cell = (model: string, counts: Partial<UsageCounts>) => ({ ...NO_COUNTS, key: "fk_aaaa", model, ...counts });

function world(now = Date.parse("2026-11-03T12:00:00Z")) {
  const time = { now };
  const asked: string[] = [];
  const days: Record<string, ReturnType<typeof cell>[]> = {
    "2026-10-31": [cell("m", { requests: 1_000 })],
    "2026-11-01": [
      cell("m", { requests: 5, errors: 2, inputTokens: 7, inferenceMicros: 1_500 }),
      cell("n", { requests: 9 }),
    ],
    "2026-11-03": [cell("m", { requests: 1, outputTokens: 4, cachedInputTokens: 2 })],
  };
  const state = { isDown: false };
  const month = createMonthToDate(
    {
      async pages(tenant, day) {
        asked.push(`${tenant} ${day}`);
        if (state.isDown) throw new Error("down");
        return [{ ...emptyPage({ tenant, day, process: "p" }), cells: days[day] ?? [] }];
      },
    },
    () => time.now,
  );
  return { time, asked, days, state, month };
}

test("all days of the month up to now, without what failed", async () => {
  const { month, asked } = world();
  expect(await month("acme", "m")).toEqual({
    requests: 4,
    inputTokens: 7,
    cachedInputTokens: 2,
    outputTokens: 4,
    inferenceMillis: 1.5,
    requestBytes: 0,
    responseBytes: 0,
  });
  expect(asked.toSorted()).toEqual(["acme 2026-11-01", "acme 2026-11-02", "acme 2026-11-03"]);
  expect(await month("acme", "nothing")).toEqual(NOTHING_USED);
});

test("from memory for a while; then today again, and not the days that are over", async () => {
  const { month, asked, time, days } = world();
  await month("acme", "m");
  days["2026-11-03"] = [cell("m", { requests: 10 })];
  time.now += 5_000;
  expect(month("acme", "m")).toMatchObject({ requests: 4 });
  time.now += 60_000;
  expect(await month("acme", "m")).toMatchObject({ requests: 13 });
  expect(asked.filter((name) => name.endsWith("-03"))).toHaveLength(2);
  expect(asked.filter((name) => name.endsWith("-01"))).toHaveLength(1);
});

test("a new month begins with nothing", async () => {
  const { month, time } = world(Date.parse("2026-11-30T23:59:59Z"));
  expect(await month("acme", "m")).toMatchObject({ requests: 4 });
  time.now += 2_000;
  expect(await month("acme", "m")).toEqual(NOTHING_USED);
});

test("records that do not answer: last known for a while, then an error", async () => {
  const { month, time, state } = world();
  await month("acme", "m");
  state.isDown = true;
  time.now += 120_000;
  expect(await month("acme", "m")).toMatchObject({ requests: 4 });
  time.now += 600_000;
  await expect(async () => month("acme", "m")).rejects.toThrow("down");
});
