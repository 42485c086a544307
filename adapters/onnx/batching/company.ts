/**
 * Which of the waiting runs go with the most urgent one. A run costs something by itself, so company saves; padding costs as
 * much as text, so unlike lengths lose. Those that wait are divided, in the order of their lengths, so that all of them
 * together take the least time; the part that holds the most urgent one goes.
 */
import type { MergeableRun } from "./merge.ts";

/** Whatever else is known of a run that waits. */
interface Waiting {
  readonly run: MergeableRun;
}

export interface CompanyLimits {
  readonly rows: number;
  /** Rows times the length of the longest, for texts. */
  readonly paddedTokens: number;
  /** Of a batch; alone the first one may take longer. */
  readonly longestMillis: number;
  /** Milliseconds of so much work; 0 while nothing is known. */
  estimate(work: number): number;
}

/** So many are divided, the most urgent ones: the division looks at each with up to `rows` neighbours. */
const DIVIDED = 256;

/** `others` in the order of urgency. The answer holds none but those that may share a batch with `first`. */
export function companyOf<Entry extends Waiting>(
  first: Entry,
  others: readonly Entry[],
  limits: CompanyLimits,
): readonly Entry[] {
  const alike = others.filter(({ run }) => run.key === first.run.key);
  if (alike.length === 0) return alike;
  if (first.run.length === 0) return asManyAsFit(first, alike, limits);
  const byLength = [first, ...alike.slice(0, DIVIDED)].sort((a, b) => a.run.length - b.run.length);
  const starts = cheapestDivision(byLength, limits);
  const place = byLength.indexOf(first);
  let end = byLength.length;
  while ((starts[end] as number) > place) end = starts[end] as number;
  return byLength.slice(starts[end], end).filter((entry) => entry !== first);
}

/** What has no length needs no padding: the most urgent ones go. */
function asManyAsFit<Entry extends Waiting>(
  first: Entry,
  alike: readonly Entry[],
  { rows, longestMillis, estimate }: CompanyLimits,
): readonly Entry[] {
  let sum = first.run.rows;
  const end = alike.findIndex(({ run }) => {
    sum += run.rows;
    return sum > rows || estimate(sum) > longestMillis;
  });
  return end === -1 ? alike : alike.slice(0, end);
}

/** Of each position, where the part begins that ends before it, in the cheapest division of all entries up to there. */
function cheapestDivision(byLength: readonly Waiting[], limits: CompanyLimits): Int32Array {
  const starts = new Int32Array(byLength.length + 1);
  const cheapest = new Float64Array(byLength.length + 1);
  for (let end = 1; end <= byLength.length; end++) {
    const { length } = (byLength[end - 1] as Waiting).run;
    let rows = 0;
    cheapest[end] = Number.POSITIVE_INFINITY;
    for (let start = end - 1; start >= 0; start--) {
      rows += (byLength[start] as Waiting).run.rows;
      const padded = rows * length;
      const millis = limits.estimate(padded);
      const fits = rows <= limits.rows && padded <= limits.paddedTokens && millis <= limits.longestMillis;
      if (!fits && start < end - 1) break;
      // While nothing is known, padding is waste and nothing else. Of equal costs the larger part is taken.
      const cost = (cheapest[start] as number) + (millis > 0 ? millis : padded);
      if (cost > (cheapest[end] as number)) continue;
      cheapest[end] = cost;
      starts[end] = start;
    }
  }
  return starts;
}
