import type { Sampling } from "./generation.ts";

/** From the model's distribution as it is. */
export const PLAIN: Sampling = {
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
};

/** Always the likeliest token. */
export const GREEDY: Sampling = { ...PLAIN, temperature: 0 };
