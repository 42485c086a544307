/** What the model did, in the units that prices are made of. */
export interface InferenceUsage {
  readonly inputTokens: number;
  /** Of the input, tokens that the model did not have to read again (prefix caching); absent: none, or not told. */
  readonly cachedInputTokens?: number;
  readonly outputTokens: number;
  /** Of the output, tokens of thoughts that stand apart from the answer; absent: not told. */
  readonly reasoningTokens?: number;
  /** The upstream gave no counts: these are ours, from the texts. */
  readonly estimated?: true;
  /** Time in the model itself, queueing excluded. */
  readonly inferenceMillis: number;
}
