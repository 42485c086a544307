/** What the model did, in the units that prices are made of. */
export interface InferenceUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Time in the model itself, queueing excluded. */
  readonly inferenceMillis: number;
}
