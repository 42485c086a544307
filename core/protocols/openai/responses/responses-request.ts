/** The body of POST /v1/responses: https://platform.openai.com/docs/api-reference/responses/create */
import type { JsonObject } from "../../json/parse-json.ts";
import type { EngineWishes, GenerationInference } from "../../spec/generation.ts";
import { refuseFieldsBut } from "../fields.ts";
import { ENGINE_FIELDS, readEngineFields } from "../generation/engine-fields.ts";
import { FIELDS_WITHOUT_EFFECT, readCount, refuseUnsupported } from "../generation/request-fields.ts";
import { readSampling, SAMPLING_FIELDS } from "../generation/sampling-fields.ts";
import { readInput } from "./input-items.ts";
import { readEffort, readTextFormat, readTopLogprobs, refuseOtherWays, UNSUPPORTED } from "./request-fields.ts";
import { readToolUse } from "./tools.ts";

/** Said of the effort in `reasoning`, and nowhere else. */
const EFFORT = "reasoning_effort";

const FIELDS: ReadonlySet<string> = new Set([
  "model",
  "input",
  "instructions",
  "max_output_tokens",
  "stream",
  "stream_options",
  "include",
  "top_logprobs",
  "text",
  "reasoning",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "background",
  "truncation",
  // It bounds the tools that OpenAI runs itself.
  "max_tool_calls",
  ...ENGINE_FIELDS.chat.filter((name) => name !== EFFORT),
  ...SAMPLING_FIELDS,
  ...FIELDS_WITHOUT_EFFECT,
  ...Object.keys(UNSUPPORTED),
]);

export function readResponsesRequest(body: JsonObject): GenerationInference {
  refuseFieldsBut(FIELDS, body);
  refuseUnsupported(body, UNSUPPORTED);
  refuseOtherWays(body);
  const engine = readEngineWishes(body);
  const maxTokens = readCount(body, "max_output_tokens", 1, Number.MAX_SAFE_INTEGER);
  const topLogprobs = readTopLogprobs(body);
  return {
    type: "generation",
    prompts: [{ type: "chat", messages: readInput(body) }],
    choices: 1,
    ...(maxTokens !== undefined && { maxTokens }),
    sampling: readSampling(body),
    stop: [],
    ...(topLogprobs !== undefined && { topLogprobs }),
    ...(engine !== undefined && { engine }),
  };
}

function readEngineWishes(body: JsonObject): EngineWishes | undefined {
  const tools = readToolUse(body);
  const outputFormat = readTextFormat(body);
  const own = readEngineFields(body, "chat");
  const effort = readEffort(body);
  const parameters = effort === undefined ? own : { ...own, [EFFORT]: effort };
  if (tools === undefined && outputFormat === undefined && parameters === undefined) return undefined;
  return {
    ...(tools && { tools }),
    ...(outputFormat && { outputFormat }),
    ...(parameters && { parameters }),
  };
}
