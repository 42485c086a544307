/**
 * Values of one metric in one period, with counts instead of the values themselves: sum, extremes, and a histogram whose
 * columns grow by 2 %, so that a percentile is right within 1 %. Memory is bounded by the spread of the values.
 */
export class Distribution {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Column → how many; positive and negative magnitudes apart, zero by itself. */
  readonly #positive = new Map<number, number>();
  readonly #negative = new Map<number, number>();
  #zeros = 0;

  /** `count` may be a fraction, as in PutMetricData. */
  add(value: number, count = 1): void {
    this.#widen(count, value * count, value, value);
    if (value === 0) this.#zeros += count;
    else increase(value > 0 ? this.#positive : this.#negative, columnOf(Math.abs(value)), count);
  }

  /** A statistic set says nothing of how its values spread: percentiles take them all at their average. */
  addSet(set: { readonly count: number; readonly sum: number; readonly min: number; readonly max: number }): void {
    const { count, sum, min, max } = set;
    if (count <= 0) return;
    const inner = new Distribution();
    inner.add(sum / count, count);
    this.merge(inner);
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
  }

  merge(other: Distribution): void {
    this.#widen(other.count, other.sum, other.min, other.max);
    this.#zeros += other.#zeros;
    for (const [column, count] of other.#positive) increase(this.#positive, column, count);
    for (const [column, count] of other.#negative) increase(this.#negative, column, count);
  }

  get average(): number {
    return this.sum / this.count;
  }

  /** The smallest value that at least `percent` % of the values do not exceed. */
  percentile(percent: number): number {
    const wanted = (percent / 100) * this.count;
    let seen = 0;
    for (const [value, count] of this.#ascending()) {
      seen += count;
      if (seen >= wanted) return Math.min(this.max, Math.max(this.min, value));
    }
    return this.max;
  }

  *#ascending(): Generator<[value: number, count: number]> {
    for (const [column, count] of [...this.#negative].sort(([a], [b]) => b - a)) yield [-valueOf(column), count];
    if (this.#zeros > 0) yield [0, this.#zeros];
    for (const [column, count] of [...this.#positive].sort(([a], [b]) => a - b)) yield [valueOf(column), count];
  }

  #widen(count: number, sum: number, min: number, max: number): void {
    this.count += count;
    this.sum += sum;
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
  }
}

const GROWTH = 1.02;
const columnOf = (magnitude: number) => Math.ceil(Math.log(magnitude) / Math.log(GROWTH));
/** The middle of the column, seen in proportion. */
const valueOf = (column: number) => (2 * GROWTH ** column) / (1 + GROWTH);

function increase(columns: Map<number, number>, column: number, count: number): void {
  columns.set(column, (columns.get(column) ?? 0) + count);
}
