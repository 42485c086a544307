/**
 * How long a run of so much work takes: duration = a·work + b, learnt from every run by least squares, newer runs counting
 * more. b is what a run costs by itself, and what a batch saves for each request after the first.
 */
export interface DurationLaw {
  observe(work: number, millis: number): void;
  /** Milliseconds; undefined before the first observation. */
  estimate(work: number): number | undefined;
}

/** Weight of an observation after each later one: about the last fifty count. */
const DECAY = 0.98;

/** Variance of the work, relative to its mean squared, below which it tells nothing about a slope any more. */
const LEAST_VARIATION = 1e-6;

export function createDurationLaw(): DurationLaw {
  let weight = 0;
  let meanWork = 0;
  let meanMillis = 0;
  /** Weighted sums of squared and mixed deviations from the means. */
  let workDeviation = 0;
  let mixedDeviation = 0;
  /** Kept while all runs are alike: batches of one size must not make it forget what smaller ones took. */
  let slope: number | undefined;

  return {
    observe(work, millis) {
      weight = weight * DECAY + 1;
      const fromMean = work - meanWork;
      meanWork += fromMean / weight;
      meanMillis += (millis - meanMillis) / weight;
      workDeviation = workDeviation * DECAY + fromMean * (work - meanWork);
      mixedDeviation = mixedDeviation * DECAY + fromMean * (millis - meanMillis);
      if (workDeviation > LEAST_VARIATION * weight * meanWork * meanWork) slope = mixedDeviation / workDeviation;
    },
    estimate(work) {
      if (weight === 0) return undefined;
      const steepest = meanWork === 0 ? 0 : meanMillis / meanWork;
      // Until runs have differed, their work explains the whole duration; more work never takes less time, and none none.
      const a = Math.min(steepest, Math.max(0, slope ?? steepest));
      return Math.max(0, meanMillis + a * (work - meanWork));
    },
  };
}
