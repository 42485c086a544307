const UNIT_MILLIS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Milliseconds from one time to the next. Throws an Error in words. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html */
export function rateMillis(expression: string): number {
  const [, count, unit = "", plural] = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  const isSingular = Number(count) === 1;
  if (!(Number(count) > 0) || isSingular !== (plural === "")) {
    throw new Error(
      `the schedule ${JSON.stringify(expression)} is not simulated; rate(1 minute) or rate(5 hours) would be`,
    );
  }
  return Number(count) * (UNIT_MILLIS[unit] as number);
}
