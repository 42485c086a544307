/** How many requests were in work at once, on average over time: nothing between two looks is missed. */
export class ConcurrencyMeter {
  #current = 0;
  #sinceMillis: number;
  #changedMillis: number;
  #area = 0;

  constructor(nowMillis: number) {
    this.#sinceMillis = nowMillis;
    this.#changedMillis = nowMillis;
  }

  change(by: 1 | -1, nowMillis: number): void {
    this.#area += this.#current * Math.max(0, nowMillis - this.#changedMillis);
    this.#changedMillis = nowMillis;
    this.#current += by;
  }

  /** The average since the last call. */
  take(nowMillis: number): number {
    this.#area += this.#current * Math.max(0, nowMillis - this.#changedMillis);
    const span = nowMillis - this.#sinceMillis;
    const average = span > 0 ? this.#area / span : this.#current;
    this.#area = 0;
    this.#sinceMillis = nowMillis;
    this.#changedMillis = nowMillis;
    return average;
  }
}
