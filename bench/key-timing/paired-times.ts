/**
 * Times of two kinds of requests, A and B, asked in turn as A B B A or B A A B: what drifts, and who comes first, falls out of the
 * difference within such a group. Differences are compared by their median, which single slow answers do not move.
 */
import { median } from "../measurement.ts";

/** Any unit. */
export interface Group {
  readonly first: readonly [number, number];
  readonly second: readonly [number, number];
}

export interface Difference {
  /** Median of all times of the first kind, and of the second. */
  readonly first: number;
  readonly second: number;
  /** Median of second less first, group by group, as a share of the first kind's median; signed. */
  readonly share: number;
  /** Half the width of its interval of 95 %, as a share as well. */
  readonly margin: number;
}

export function differenceOf(groups: readonly Group[]): Difference {
  const differences = groups.map(({ first, second }) => (second[0] + second[1] - first[0] - first[1]) / 2);
  const [first, second] = [
    median(groups.flatMap((group) => group.first)),
    median(groups.flatMap((group) => group.second)),
  ];
  return { first, second, share: median(differences) / first, margin: marginOfMedian(differences) / first };
}

/** By ranks, whatever the distribution: https://en.wikipedia.org/wiki/Median#Sampling_distribution, Hollander and Wolfe 3.6 */
function marginOfMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const reach = 0.98 * Math.sqrt(sorted.length);
  const at = (rank: number): number => sorted[Math.max(0, Math.min(sorted.length - 1, Math.round(rank)))] as number;
  return (at(sorted.length / 2 + reach) - at(sorted.length / 2 - reach)) / 2;
}

/**
 * Share of right guesses of "which kind was this?" on the second half of the groups, by the threshold and the direction that
 * are best on the first half. Chance is one half.
 */
export function classifierAccuracy(groups: readonly Group[]): number {
  const half = Math.floor(groups.length / 2);
  const training = labelled(groups.slice(0, half)).sort((a, b) => a.time - b.time);
  const firsts = training.filter(({ isFirst }) => isFirst).length;
  let best = { right: 0, threshold: 0, firstIsFaster: true };
  let firstsBelow = 0;
  for (const [index, { time, isFirst }] of training.entries()) {
    if (isFirst) firstsBelow++;
    const secondsAbove = training.length - firsts - (index + 1 - firstsBelow);
    for (const firstIsFaster of [true, false]) {
      const right = firstIsFaster ? firstsBelow + secondsAbove : training.length - firstsBelow - secondsAbove;
      if (right > best.right) best = { right, threshold: time, firstIsFaster };
    }
  }
  const asked = labelled(groups.slice(half));
  return (
    asked.filter(({ time, isFirst }) => (time <= best.threshold === best.firstIsFaster) === isFirst).length /
    asked.length
  );
}

const labelled = (groups: readonly Group[]): { readonly time: number; readonly isFirst: boolean }[] =>
  groups.flatMap(({ first, second }) => [
    ...first.map((time) => ({ time, isFirst: true })),
    ...second.map((time) => ({ time, isFirst: false })),
  ]);
