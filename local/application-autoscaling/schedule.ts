/**
 * When a scheduled action is due: `at(…)`, `rate(…)`, `cron(…)`, to the minute.
 * https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
 */
export type Schedule =
  /** Local time of the action's time zone: `2026-11-24T07:30:00` */
  | { readonly type: "at"; readonly time: string }
  | { readonly type: "rate"; readonly minutes: number }
  | { readonly type: "cron"; readonly fields: readonly CronField[] };

/** Values that match; undefined: all. */
type CronField = ReadonlySet<number> | undefined;

const UNITS: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 24 * 60 };
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/** Minutes, hours, day of month, month, day of week (1 is Sunday), year. */
const RANGES: readonly { readonly min: number; readonly max: number; readonly names?: readonly string[] }[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 1, max: 7, names: DAYS },
  { min: 1970, max: 2199 },
];

/** Throws an Error in words. */
export function parseSchedule(text: string): Schedule {
  const [, kind, inner = ""] = /^(at|rate|cron)\((.+)\)$/.exec(text.trim()) ?? [];
  switch (kind) {
    case "at":
      if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(inner)) throw wrong(text, "at(yyyy-mm-ddThh:mm:ss)");
      return { type: "at", time: inner };
    case "rate": {
      const [, count, unit = ""] = /^(\d+) (minute|hour|day)s?$/.exec(inner) ?? [];
      const minutes = Number(count) * (UNITS[unit] ?? 0);
      if (!(minutes > 0)) throw wrong(text, "rate(<whole number> minutes|hours|days)");
      return { type: "rate", minutes };
    }
    case "cron": {
      const fields = inner.trim().split(/\s+/);
      if (fields.length !== RANGES.length) throw wrong(text, "cron with six fields");
      return { type: "cron", fields: fields.map((field, index) => parseField(field, index, text)) };
    }
    default:
      throw wrong(text, "at(…), rate(…) or cron(…)");
  }
}

/** Whether it is due in the minute that begins at `minuteMillis`; a rate counts from `sinceMillis`. */
export function isDue(schedule: Schedule, minuteMillis: number, timeZone: string, sinceMillis: number): boolean {
  const minute = Math.floor(minuteMillis / 60_000);
  switch (schedule.type) {
    case "rate": {
      const passed = minute - Math.floor(sinceMillis / 60_000);
      return passed > 0 && passed % schedule.minutes === 0;
    }
    case "at":
      return localTime(minuteMillis, timeZone).text === schedule.time.slice(0, 16);
    case "cron": {
      const { values } = localTime(minuteMillis, timeZone);
      return schedule.fields.every((field, index) => field === undefined || field.has(values[index] as number));
    }
  }
}

function parseField(text: string, index: number, whole: string): CronField {
  if (text === "*" || text === "?") return undefined;
  const { min, max, names } = RANGES[index] as (typeof RANGES)[number];
  const number = (name: string): number => {
    const named = names?.indexOf(name.toUpperCase()) ?? -1;
    const value = named >= 0 ? named + min : Number(name);
    if (!/^[A-Za-z]{3}$|^\d+$/.test(name) || !(value >= min && value <= max)) {
      throw wrong(whole, `values from ${min} to ${max} in field ${index + 1} (L, W and # are not simulated)`);
    }
    return value;
  };
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [range = "", step = "1"] = item.split("/");
    const [from, to] = range === "*" ? [min, max] : range.split("-").map(number);
    const end = to ?? (item.includes("/") ? max : from);
    if (!(Number(step) >= 1)) throw wrong(whole, "a step of at least 1");
    for (let value = from as number; value <= (end as number); value += Number(step)) values.add(value);
  }
  return values;
}

function localTime(millis: number, timeZone: string): { readonly text: string; readonly values: readonly number[] } {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      weekday: "short",
    })
      .formatToParts(millis)
      .map(({ type, value }) => [type, value]),
  );
  const { year = "", month = "", day = "", hour = "", minute = "", weekday = "" } = parts;
  return {
    text: `${year}-${month}-${day}T${hour}:${minute}`,
    values: [
      Number(minute),
      Number(hour),
      Number(day),
      Number(month),
      DAYS.indexOf(weekday.toUpperCase()) + 1,
      Number(year),
    ],
  };
}

const wrong = (text: string, allowed: string) => new Error(`"${text}" is no schedule; allowed is ${allowed}`);
