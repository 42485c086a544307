/** Log probabilities as engines write them. */
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import { LEAST_LOGPROB, type TokenLogprob, type TokenLogprobs } from "../spec/generation.ts";

/** `{"content": [{token, logprob, bytes, top_logprobs}]}`; undefined: none were sent. */
export function chatTokens(logprobs: unknown): readonly TokenLogprobs[] | undefined {
  if (!isJsonObject(logprobs) || !Array.isArray(logprobs.content)) return undefined;
  return logprobs.content.filter(isJsonObject).map((token) => ({
    ...tokenOf(token),
    top: Array.isArray(token.top_logprobs) ? token.top_logprobs.filter(isJsonObject).map(tokenOf) : [],
  }));
}

/** The older form, by columns. */
export function textTokens(logprobs: unknown): readonly TokenLogprobs[] | undefined {
  if (!isJsonObject(logprobs) || !Array.isArray(logprobs.tokens)) return undefined;
  const { tokens, token_logprobs: values, top_logprobs: tops } = logprobs;
  return tokens.map((text: unknown, index) => ({
    text: String(text),
    logprob: logprobOf(Array.isArray(values) ? values[index] : undefined),
    top: topOf(Array.isArray(tops) ? tops[index] : undefined),
  }));
}

const topOf = (top: unknown): readonly TokenLogprob[] =>
  isJsonObject(top) ? Object.entries(top).map(([text, logprob]) => ({ text, logprob: logprobOf(logprob) })) : [];

const tokenOf = ({ token, logprob, bytes }: JsonObject): TokenLogprob => ({
  text: String(token),
  logprob: logprobOf(logprob),
  ...(Array.isArray(bytes) && { bytes: bytes.map(Number) }),
});

const logprobOf = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.max(value, LEAST_LOGPROB) : LEAST_LOGPROB;
