/** The body of POST /v1/completions: https://platform.openai.com/docs/api-reference/completions/create */
import { FarthingError } from "../../../errors.ts";
import type { JsonObject } from "../../json/parse-json.ts";
import type { GenerationInference, GenerationPrompt } from "../../spec/generation.ts";
import { readFlag, refuseFieldsBut, wrong } from "../fields.ts";
import { wellFormed } from "./chat-request.ts";
import { ENGINE_FIELDS, readEngineFields } from "./engine-fields.ts";
import {
  FIELDS_WITHOUT_EFFECT,
  MOST_CHOICES,
  readChoices,
  readCount,
  readStop,
  refuseUnsupported,
} from "./request-fields.ts";
import { readSampling, SAMPLING_FIELDS } from "./sampling-fields.ts";

/** OpenAI's own default: enough for a line. */
const DEFAULT_MAX_TOKENS = 16;
const MOST_LOGPROBS = 5;
const MAX_TOKEN_ID = 2 ** 31 - 1;
const PROMPT_FORMS = "a text, an array of texts, an array of token ids, or an array of arrays of token ids";

const UNSUPPORTED = { suffix: "the models here write on from a text, not into it" } as const;

const FIELDS: ReadonlySet<string> = new Set([
  "model",
  "prompt",
  "max_tokens",
  "n",
  "best_of",
  "echo",
  "stop",
  "stream",
  "stream_options",
  "logprobs",
  ...ENGINE_FIELDS.text,
  ...SAMPLING_FIELDS,
  ...FIELDS_WITHOUT_EFFECT,
  ...Object.keys(UNSUPPORTED),
]);

export function readCompletionsRequest(body: JsonObject): GenerationInference {
  refuseFieldsBut(FIELDS, body);
  refuseUnsupported(body, UNSUPPORTED);
  if (readFlag(body.echo, "echo")) throw wrong("echo", true, "false or absent: the answer holds what is new");
  const choices = readChoices(body);
  const bestOf = readCount(body, "best_of", 1, MOST_CHOICES) ?? choices;
  if (bestOf !== choices) throw wrong("best_of", bestOf, `absent, or equal to n (${choices}): none is thrown away`);
  const prompts = readPrompts(body);
  if (prompts.length * choices > MOST_CHOICES) {
    throw wrong("prompt", body.prompt, `at most ${MOST_CHOICES} prompts, counted n times (${choices}) each`);
  }
  const topLogprobs = readCount(body, "logprobs", 0, MOST_LOGPROBS);
  const parameters = readEngineFields(body, "text");
  return {
    type: "generation",
    prompts,
    choices,
    maxTokens: readCount(body, "max_tokens", 1, Number.MAX_SAFE_INTEGER) ?? DEFAULT_MAX_TOKENS,
    sampling: readSampling(body),
    stop: readStop(body),
    ...(topLogprobs !== undefined && { topLogprobs }),
    ...(parameters && { engine: { parameters } }),
  };
}

function readPrompts({ prompt }: JsonObject): readonly GenerationPrompt[] {
  if (prompt === undefined) {
    throw new FarthingError("missing_field", `prompt is absent; it must be ${PROMPT_FORMS}.`, { field: "prompt" });
  }
  if (typeof prompt === "string") return [text(prompt, "prompt")];
  if (!Array.isArray(prompt) || prompt.length === 0) throw wrong("prompt", prompt, `${PROMPT_FORMS}, not empty`);
  const first: unknown = prompt[0];
  if (typeof first === "number") return [tokens(prompt, "prompt")];
  if (typeof first !== "string" && !Array.isArray(first)) {
    throw wrong("prompt[0]", first, "a text, a token id or an array of token ids");
  }
  const read = typeof first === "string" ? text : tokens;
  return prompt.map((member: unknown, index) => read(member, `prompt[${index}]`));
}

function text(value: unknown, field: string): GenerationPrompt {
  if (typeof value !== "string") throw wrong(field, value, "a text, like the prompts before it");
  return { type: "text", text: wellFormed(value, field) };
}

function tokens(value: unknown, field: string): GenerationPrompt {
  if (!Array.isArray(value) || value.length === 0) throw wrong(field, value, "an array of token ids, not empty");
  const at = value.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id <= MAX_TOKEN_ID));
  if (at === -1) return { type: "tokens", ids: value };
  throw wrong(`${field}[${at}]`, value[at], `a token id: a whole number from 0 to ${MAX_TOKEN_ID}`);
}
