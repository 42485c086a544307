/** Time comes in from outside: core reads no clock. */
export interface Clock {
  /** Milliseconds since the epoch. Jumps over a freeze of the process, as it must for everything that expires. */
  epochMillis(): number;
  /** Milliseconds with fractions from any origin, for durations. */
  monotonicMillis(): number;
  /** Calls back once after `millis`, unless the returned function was called before. */
  after(millis: number, callback: () => void): () => void;
}
