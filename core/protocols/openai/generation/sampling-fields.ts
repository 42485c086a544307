/**
 * How the next token is chosen. OpenAI's parameters with its ranges and defaults, and the four that vLLM and others add:
 * https://platform.openai.com/docs/api-reference/chat/create https://docs.vllm.ai/en/latest/api/vllm/sampling_params.html
 */
import type { JsonObject } from "../../json/parse-json.ts";
import { isJsonObject } from "../../json/parse-json.ts";
import type { Sampling } from "../../spec/generation.ts";
import { wrong } from "../fields.ts";

interface NumberRange {
  readonly least: number;
  readonly most: number;
  readonly default: number;
  readonly whole?: true;
}

const RANGES = {
  temperature: { least: 0, most: 2, default: 1 },
  top_p: { least: 0, most: 1, default: 1 },
  frequency_penalty: { least: -2, most: 2, default: 0 },
  presence_penalty: { least: -2, most: 2, default: 0 },
  top_k: { least: -1, most: 1_000_000, default: 0, whole: true },
  min_p: { least: 0, most: 1, default: 0 },
  repetition_penalty: { least: 0.01, most: 10, default: 1 },
} as const satisfies Record<string, NumberRange>;

export const SAMPLING_FIELDS: readonly string[] = [...Object.keys(RANGES), "logit_bias", "seed"];

export function readSampling(body: JsonObject): Sampling {
  const logitBias = readLogitBias(body);
  const seed = readSeed(body);
  return {
    ...(logitBias && { logitBias }),
    repetitionPenalty: readNumber(body, "repetition_penalty"),
    frequencyPenalty: readNumber(body, "frequency_penalty"),
    presencePenalty: readNumber(body, "presence_penalty"),
    temperature: readNumber(body, "temperature"),
    // vLLM's word for "all" is -1.
    topK: Math.max(0, readNumber(body, "top_k")),
    topP: readNumber(body, "top_p"),
    minP: readNumber(body, "min_p"),
    ...(seed !== undefined && { seed }),
  };
}

function readNumber(body: JsonObject, field: keyof typeof RANGES): number {
  const value = body[field];
  const range: NumberRange = RANGES[field];
  const { least, most } = range;
  if (value === undefined || value === null) return range.default;
  if (typeof value === "number" && value >= least && value <= most && (!range.whole || Number.isInteger(value))) {
    return value;
  }
  throw wrong(field, value, `a ${range.whole ? "whole number" : "number"} from ${least} to ${most}`);
}

const LARGEST_BIAS = 100;
/** OpenAI's limit; more would be a list of words, which belongs elsewhere. */
const MOST_BIASES = 300;

function readLogitBias(body: JsonObject): Readonly<Record<string, number>> | undefined {
  const bias = body.logit_bias;
  if (bias === undefined || bias === null) return undefined;
  const allowed = `an object of at most ${MOST_BIASES} token ids, each with a number from -${LARGEST_BIAS} to ${LARGEST_BIAS}`;
  if (!isJsonObject(bias) || Object.keys(bias).length > MOST_BIASES) throw wrong("logit_bias", bias, allowed);
  for (const [token, value] of Object.entries(bias)) {
    if (!/^\d{1,9}$/.test(token)) throw wrong("logit_bias", token, allowed);
    if (typeof value === "number" && Math.abs(value) <= LARGEST_BIAS) continue;
    throw wrong(`logit_bias.${token}`, value, `a number from -${LARGEST_BIAS} to ${LARGEST_BIAS}`);
  }
  return bias as Readonly<Record<string, number>>;
}

function readSeed(body: JsonObject): number | undefined {
  const { seed } = body;
  if (seed === undefined || seed === null) return undefined;
  if (typeof seed === "number" && Number.isSafeInteger(seed)) return seed;
  throw wrong("seed", seed, "a whole number of at most 53 bits");
}
