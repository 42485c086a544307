/**
 * What a tenant used of each model in the calendar month, for prices with free amounts and steps. From the usage records, so a
 * few seconds to a minute behind: at the end of a free amount some requests more are free, and none is charged that should
 * not be.
 */
import { createRefreshingCache } from "../caching/refreshing-cache.ts";
import { FarthingError } from "../errors.ts";
import { type MonthToDate, NOTHING_USED } from "../pricing/priced-usage.ts";
import type { UsageCounts } from "./usage-counts.ts";
import type { UsageReader } from "./usage-store.ts";

type MonthByModel = ReadonlyMap<string, MonthToDate>;

const LIMITS = {
  refreshBehindAfterMillis: 10_000,
  refreshBeforeAfterMillis: 60_000,
  /** Then a request with such a price is refused: nobody knows what it costs. */
  lastKnownForMillis: 300_000,
  absentForMillis: 0,
  /** Tenants in memory. */
  capacity: 1_024,
} as const;

/** Days that are over change no more, but for lines that come late: read again at this distance. */
const DAY_KEPT_MILLIS = 600_000;

/** Rejects with `dependency_unavailable` when the records are not to be had. */
export function createMonthToDate(
  usage: UsageReader,
  clock: () => number,
): (tenant: string, model: string) => MonthToDate | Promise<MonthToDate> {
  const days = createRefreshingCache<MonthByModel>({
    ...LIMITS,
    refreshBehindAfterMillis: DAY_KEPT_MILLIS,
    refreshBeforeAfterMillis: 2 * DAY_KEPT_MILLIS,
    lastKnownForMillis: 4 * DAY_KEPT_MILLIS,
    capacity: LIMITS.capacity * 31,
    clock,
    read: (name) => readDay(name),
  });
  const months = createRefreshingCache<MonthByModel>({ ...LIMITS, clock, read: (name) => readMonth(name) });

  async function readDay(name: string): Promise<MonthByModel> {
    const [day = "", tenant = ""] = split(name);
    const pages = await usage.pages(tenant, day);
    return sumByModel(pages.flatMap(({ cells }) => cells.map((cell) => [cell.model, quantitiesOf(cell)] as const)));
  }

  async function readMonth(name: string): Promise<MonthByModel> {
    const [month = "", tenant = ""] = split(name);
    const today = dayOf(clock());
    const before = daysOf(month, today).map((day) => days.get(`${day} ${tenant}`));
    const read = await Promise.all([...before, readDay(`${today} ${tenant}`)]);
    return sumByModel(read.flatMap((day) => [...(day ?? [])]));
  }

  return (tenant, model) => {
    const month = months.get(`${dayOf(clock()).slice(0, 7)} ${tenant}`);
    if (month instanceof Promise) return month.then((known) => partOf(known, model));
    return partOf(month, model);
  };
}

function partOf(month: MonthByModel | undefined, model: string): MonthToDate {
  if (month !== undefined) return month.get(model) ?? NOTHING_USED;
  throw new FarthingError(
    "dependency_unavailable",
    "The price of this request needs the usage records, which do not answer.",
    {
      retryAfterSeconds: 2,
    },
  );
}

/** Tenants' names hold no space. */
const split = (name: string): readonly string[] => name.split(" ");

const dayOf = (epochMillis: number): string => new Date(epochMillis).toISOString().slice(0, 10);

/** Of the month, those before `today`. */
const daysOf = (month: string, today: string): readonly string[] =>
  Array.from({ length: 31 }, (_, index) => `${month}-${String(index + 1).padStart(2, "0")}`).filter(
    (day) => day < today,
  );

/** Requests that failed are no use of anything. */
const quantitiesOf = (counts: UsageCounts): MonthToDate => ({
  requests: counts.requests - counts.errors,
  inputTokens: counts.inputTokens,
  cachedInputTokens: counts.cachedInputTokens,
  outputTokens: counts.outputTokens,
  inferenceMillis: counts.inferenceMicros / 1_000,
  requestBytes: counts.requestBytes,
  responseBytes: counts.responseBytes,
});

function sumByModel(parts: readonly (readonly [string, MonthToDate])[]): MonthByModel {
  const sums = new Map<string, MonthToDate>();
  for (const [model, part] of parts) sums.set(model, added(sums.get(model) ?? NOTHING_USED, part));
  return sums;
}

const added = (a: MonthToDate, b: MonthToDate): MonthToDate => ({
  requests: a.requests + b.requests,
  inputTokens: a.inputTokens + b.inputTokens,
  cachedInputTokens: (a.cachedInputTokens ?? 0) + (b.cachedInputTokens ?? 0),
  outputTokens: a.outputTokens + b.outputTokens,
  inferenceMillis: a.inferenceMillis + b.inferenceMillis,
  requestBytes: a.requestBytes + b.requestBytes,
  responseBytes: a.responseBytes + b.responseBytes,
});
