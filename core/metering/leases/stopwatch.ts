/**
 * Time since a moment, by the clock that says more: the wall clock passes over a freeze of the process but may be set back,
 * the monotonic one is never set but may stand still in a freeze.
 */
import type { Clock } from "../../serving/clock.ts";

export class Stopwatch {
  static readonly expired = new Stopwatch(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
  /** When it was started, by the wall clock. */
  readonly epochMillis: number;
  readonly #monotonicMillis: number;

  constructor(epochMillis: number, monotonicMillis: number) {
    this.epochMillis = epochMillis;
    this.#monotonicMillis = monotonicMillis;
  }

  static start = (clock: Clock): Stopwatch => new Stopwatch(clock.epochMillis(), clock.monotonicMillis());

  elapsedMillis(clock: Clock): number {
    return Math.max(clock.epochMillis() - this.epochMillis, clock.monotonicMillis() - this.#monotonicMillis);
  }
}
