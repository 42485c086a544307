/** Usage as a customer or a bill sees it: pages of some days, summed by what one asks for. */
import { FarthingError, show } from "../errors.ts";
import { addCounts, NO_COUNTS, type UsageCounts } from "./usage-counts.ts";
import type { UsagePage } from "./usage-page.ts";
import type { UsageReader } from "./usage-store.ts";

export const USAGE_GROUPS = ["day", "model", "key"] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** A group's member is absent when it was not asked for. */
export interface UsageRow extends UsageCounts {
  readonly day?: string;
  readonly model?: string;
  readonly key?: string;
}

export interface UsageQuestion {
  /** First and last day of UTC, both included. */
  readonly from: string;
  readonly to: string;
  readonly groupBy: readonly UsageGroup[];
}

/** Each day is a query of its own. */
export const MAX_USAGE_DAYS = 93;
const DAY_MILLIS = 86_400_000;
const QUERIES_AT_ONCE = 8;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Rows in the order of their groups. */
export async function usageRows(
  tenant: string,
  question: UsageQuestion,
  reader: UsageReader,
): Promise<readonly UsageRow[]> {
  const days = daysOf(question.from, question.to);
  const rows = new Map<string, UsageRow>();
  for (let start = 0; start < days.length; start += QUERIES_AT_ONCE) {
    const pages = await Promise.all(days.slice(start, start + QUERIES_AT_ONCE).map((day) => reader.pages(tenant, day)));
    for (const page of pages.flat()) addPage(rows, page, question.groupBy);
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

export const usageTotal = (rows: readonly UsageRow[]): UsageCounts => rows.reduce<UsageCounts>(addCounts, NO_COUNTS);

function addPage(rows: Map<string, UsageRow>, page: UsagePage, groupBy: readonly UsageGroup[]): void {
  for (const { key, model, ...counts } of page.cells) {
    const all = { day: page.day, model, key };
    const group = Object.fromEntries(groupBy.map((name) => [name, all[name]]));
    const name = groupBy.map((each) => all[each]).join("\n");
    rows.set(name, { ...group, ...addCounts(rows.get(name) ?? NO_COUNTS, counts) });
  }
}

/** Reads what was asked, as text. Default: this day, by day and model. Throws `invalid_field`. */
export function readUsageQuestion(
  asked: {
    readonly from?: string | undefined;
    readonly to?: string | undefined;
    readonly groupBy?: string | undefined;
  },
  nowMillis: number,
): UsageQuestion {
  const today = new Date(nowMillis).toISOString().slice(0, 10);
  const from = dayField("from", asked.from ?? today);
  const to = dayField("to", asked.to ?? today);
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MILLIS + 1;
  if (days < 1) throw wrong("to", `${to} is before from, which is ${from}`);
  if (days > MAX_USAGE_DAYS) throw wrong("from", `from ${from} to ${to} is ${days} days; at most ${MAX_USAGE_DAYS}`);
  const groups = (asked.groupBy ?? "day,model").split(",").filter((name) => name !== "");
  const unknown = groups.find((name) => !USAGE_GROUPS.some((group) => group === name));
  if (unknown !== undefined) throw wrong("group_by", `${show(unknown)} is none of ${USAGE_GROUPS.join(", ")}`);
  return { from, to, groupBy: USAGE_GROUPS.filter((group) => groups.includes(group)) };
}

/** A day of UTC, or a moment, whose day it then is. */
function dayField(field: string, text: string): string {
  const millis = /^\d{9,10}$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
  if (Number.isNaN(millis) || (!DAY.test(text) && !/^\d{9,10}$/.test(text) && !/^\d{4}-\d{2}-\d{2}T/.test(text))) {
    throw wrong(field, `${show(text)} is no day such as 2026-11-24, and no time in seconds since 1970`);
  }
  return new Date(millis).toISOString().slice(0, 10);
}

function daysOf(from: string, to: string): readonly string[] {
  const days: string[] = [];
  for (let millis = Date.parse(from); millis <= Date.parse(to); millis += DAY_MILLIS) {
    days.push(new Date(millis).toISOString().slice(0, 10));
  }
  return days;
}

const wrong = (field: string, what: string): FarthingError =>
  new FarthingError("invalid_field", `${field}: ${what}.`, { field });
