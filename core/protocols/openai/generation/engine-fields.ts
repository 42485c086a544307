/**
 * Parameters that vLLM takes beyond OpenAI's and that change nothing but the caller's own answer; they are passed on as they
 * came. https://docs.vllm.ai/en/latest/serving/openai_compatible_server/#extra-parameters
 * Left out on purpose: `priority` and `cache_salt` (they reach other tenants' requests), `chat_template` (code),
 * `logits_processors` (code), `request_id`, `kv_transfer_params` (the engine's own affairs), `echo` and `prompt_logprobs`
 * (another answer).
 */
import type { JsonObject } from "../../json/parse-json.ts";
import { wrong } from "../fields.ts";

type Check = readonly [fits: (value: unknown) => boolean, allowed: string];

const whole = (least: number): Check => [
  (value) => Number.isSafeInteger(value) && (value as number) >= least,
  `a whole number from ${least} on`,
];
const flag: Check = [(value) => typeof value === "boolean", "true or false"];
const object: Check = [(value) => typeof value === "object" && value !== null && !Array.isArray(value), "an object"];
const text: Check = [(value) => typeof value === "string", "a text"];
const listOf = ([fits, allowed]: Check): Check => [
  (value) => Array.isArray(value) && value.length <= 1_024 && value.every(fits),
  `a list of at most 1024, each ${allowed}`,
];
const oneOf = (...names: readonly string[]): Check => [
  (value) => typeof value === "string" && names.includes(value),
  `one of ${names.join(", ")}`,
];

const CHECKS: Readonly<Record<string, Check>> = {
  min_tokens: whole(0),
  ignore_eos: flag,
  stop_token_ids: listOf(whole(0)),
  allowed_token_ids: listOf(whole(0)),
  bad_words: listOf(text),
  include_stop_str_in_output: flag,
  skip_special_tokens: flag,
  spaces_between_special_tokens: flag,
  truncate_prompt_tokens: whole(1),
  length_penalty: [(value) => typeof value === "number" && Math.abs(value) <= 10, "a number from -10 to 10"],
  structured_outputs: object,
  guided_json: object,
  guided_regex: text,
  guided_choice: listOf(text),
  guided_grammar: text,
  reasoning_effort: oneOf("none", "minimal", "low", "medium", "high", "xhigh"),
  include_reasoning: flag,
  thinking_token_budget: whole(0),
};

/** Only where a chat template is at work. */
const CHAT_CHECKS: Readonly<Record<string, Check>> = {
  chat_template_kwargs: object,
  documents: listOf(object),
  continue_final_message: flag,
  add_generation_prompt: flag,
};

export const ENGINE_FIELDS = { chat: Object.keys({ ...CHECKS, ...CHAT_CHECKS }), text: Object.keys(CHECKS) } as const;

export function readEngineFields(body: JsonObject, form: keyof typeof ENGINE_FIELDS): JsonObject | undefined {
  let found: Record<string, unknown> | undefined;
  for (const name of ENGINE_FIELDS[form]) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    const [fits, allowed] = (CHECKS[name] ?? CHAT_CHECKS[name]) as Check;
    if (!fits(value)) throw wrong(name, value, allowed);
    found ??= {};
    found[name] = value;
  }
  return found;
}
