/** A set of whole numbers from 1 on, as inclusive ranges in ascending order that neither touch nor overlap: `[[1, 250], [253, 260]]`. */
export type Ranges = readonly (readonly [from: number, to: number])[];

export const includes = (ranges: Ranges, value: number): boolean =>
  ranges.some(([from, to]) => value >= from && value <= to);

/** The set with one number more. */
export function withNumber(ranges: Ranges, value: number): Ranges {
  if (includes(ranges, value)) return ranges;
  const before = ranges.filter(([, to]) => to < value - 1);
  const after = ranges.filter(([from]) => from > value + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const from = Math.min(value, touching[0]?.[0] ?? value);
  const to = Math.max(value, touching.at(-1)?.[1] ?? value);
  return [...before, [from, to], ...after];
}

/** Numbers between the first and the last that are not there. */
export function gapsIn(ranges: Ranges): number {
  let gaps = 0;
  for (let i = 1; i < ranges.length; i++) gaps += (ranges[i]?.[0] ?? 0) - (ranges[i - 1]?.[1] ?? 0) - 1;
  return gaps;
}
