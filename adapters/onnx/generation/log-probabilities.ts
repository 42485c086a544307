import { LEAST_LOGPROB, type TokenLogprob, type TokenLogprobs } from "../../../core/protocols/spec/generation.ts";
import { largest, likeliest } from "./sampler.ts";

/**
 * How sure the model itself was: natural logarithms of the softmax of its logits. To be called before a sampler changes them;
 * the answer says it of any token.
 */
export function logProbabilities(
  logits: Float32Array,
  topCount: number,
  spell: (token: number) => string,
): (token: number) => TokenLogprobs {
  const highest = logits[likeliest(logits)] as number;
  let total = 0;
  for (let at = 0; at < logits.length; at++) total += Math.exp((logits[at] as number) - highest);
  const offset = highest + Math.log(total);
  const describe = (token: number, logit: number): TokenLogprob => {
    const text = spell(token);
    const logprob = Math.max(LEAST_LOGPROB, logit - offset);
    return text.includes("\uFFFD") ? { text, logprob } : { text, bytes: [...Buffer.from(text)], logprob };
  };
  const top = largest(logits, Math.min(topCount, logits.length)).map((token) =>
    describe(token, logits[token] as number),
  );
  const raw = logits.slice();
  return (token) => ({ ...describe(token, raw[token] as number), top });
}
