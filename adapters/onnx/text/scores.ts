/** Logits → scores, `into.length` of them from `start` on. */
export type Score = (logits: ArrayLike<number>, start: number, into: Float32Array) => void;

/** Shares that sum to 1. The largest logit is taken off first, so that no exponential overflows. */
export const softmax: Score = (logits, start, into) => {
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < into.length; at++) largest = Math.max(largest, logits[start + at] as number);
  let sum = 0;
  for (let at = 0; at < into.length; at++) sum += into[at] = Math.exp((logits[start + at] as number) - largest);
  for (let at = 0; at < into.length; at++) into[at] = (into[at] as number) / sum;
};

/** Each class on its own. */
export const sigmoid: Score = (logits, start, into) => {
  for (let at = 0; at < into.length; at++) into[at] = 1 / (1 + Math.exp(-(logits[start + at] as number)));
};
