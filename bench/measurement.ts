/** Interleaved rounds, medians and spread: a time alone proves nothing on a shared machine, a ratio in one run does. */

export interface Sample {
  readonly name: string;
  /** One number per round, in the order of the rounds. */
  readonly rounds: readonly number[];
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Linear interpolation between closest ranks (type 7 of Hyndman and Fan, the default of R and NumPy). */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error("a quantile of no values");
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const low = sorted[Math.floor(position)] as number;
  const high = sorted[Math.ceil(position)] as number;
  return low + (high - low) * (position - Math.floor(position));
}

/**
 * Runs every contender once per round, in turn (A B C, A B C, …), after `warmups` rounds that do not count.
 * A contender answers the figure of its round (any unit).
 */
export async function interleave(
  contenders: Readonly<Record<string, () => Promise<number>>>,
  { rounds, warmups = 1 }: { readonly rounds: number; readonly warmups?: number },
): Promise<Readonly<Record<string, Sample>>> {
  const collected = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -warmups; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const figure = await run();
      if (round >= 0) collected.get(name)?.push(figure);
    }
  }
  return Object.fromEntries([...collected].map(([name, values]) => [name, { name, rounds: values }]));
}

/** Median of the ratios round by round: what drifts slowly hits both sides of one round alike. */
export function pairedRatio(a: Sample, b: Sample): number {
  return median(a.rounds.map((value, round) => value / (b.rounds[round] as number)));
}
