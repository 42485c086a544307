/** A generation as an engine is asked for it: always as a stream, with usage. */
import { FarthingError } from "../../errors.ts";
import type {
  ChatMessage,
  EngineWishes,
  GenerationInference,
  GenerationPrompt,
  OutputFormat,
  Sampling,
  ToolUse,
} from "../spec/generation.ts";
import type { UpstreamCall, UpstreamModel } from "./upstream.ts";

/** Throws `invalid_field` for what the engine's dialect has no word for. */
export function generationCall(request: GenerationInference, model: UpstreamModel): UpstreamCall {
  const [first] = request.prompts;
  const isChat = first?.type === "chat";
  if (isChat && request.prompts.length > 1) throw new RangeError("a call holds one chat");
  const body = {
    model: model.name,
    ...(isChat ? chatBody(first.messages, request) : textBody(request)),
    ...(request.choices > 1 && { n: request.choices }),
    ...samplingBody(request.sampling, model),
    ...(request.stop.length > 0 && { stop: request.stop }),
    ...parametersBody(request.engine, model),
    ...(model.dialect === "vllm" && model.cacheSalt !== undefined && { cache_salt: model.cacheSalt }),
    stream: true,
    stream_options: { include_usage: true, ...(model.dialect === "vllm" && { continuous_usage_stats: true }) },
  };
  return { path: isChat ? "/v1/chat/completions" : "/v1/completions", body: JSON.stringify(body) };
}

function chatBody(messages: readonly ChatMessage[], { maxTokens, topLogprobs, engine }: GenerationInference) {
  return {
    messages: messages.map(messageBody),
    // The name that every engine knows; OpenAI's newer one is unknown to most.
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(topLogprobs !== undefined && { logprobs: true, top_logprobs: topLogprobs }),
    ...(engine?.tools && toolsBody(engine.tools)),
    ...(engine?.outputFormat && { response_format: formatBody(engine.outputFormat) }),
  };
}

function textBody({ prompts, maxTokens, topLogprobs }: GenerationInference) {
  const inputs = prompts.map(promptBody);
  return {
    prompt: inputs.length === 1 ? inputs[0] : inputs,
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(topLogprobs !== undefined && { logprobs: topLogprobs }),
  };
}

function promptBody(prompt: GenerationPrompt): string | readonly number[] {
  if (prompt.type === "chat") throw new RangeError("chats and texts do not mix in one call");
  return prompt.type === "text" ? prompt.text : prompt.ids;
}

const messageBody = ({ role, content, name, toolCalls, toolCallId, reasoning }: ChatMessage) => ({
  role,
  content: content === "" && toolCalls !== undefined ? null : content,
  ...(name !== undefined && { name }),
  ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
  ...(reasoning !== undefined && { reasoning_content: reasoning }),
  ...(toolCalls && {
    tool_calls: toolCalls.map((call) => ({
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: call.argumentsText },
    })),
  }),
});

function toolsBody({ tools, choice, parallel }: ToolUse) {
  return {
    tools: tools.map((definition) => ({ type: "function", function: definition })),
    tool_choice: typeof choice === "string" ? choice : { type: "function", function: choice },
    ...(parallel !== undefined && { parallel_tool_calls: parallel }),
  };
}

function formatBody(format: OutputFormat) {
  if (format.type === "json-object") return { type: "json_object" };
  const { type: _, ...members } = format;
  return { type: "json_schema", json_schema: members };
}

/** Neutral values are left out: what an engine has not heard of, it may refuse even if it asks for nothing. */
function samplingBody(sampling: Sampling, { dialect }: UpstreamModel) {
  const beyondOpenAi = {
    ...(sampling.repetitionPenalty !== 1 && { repetition_penalty: sampling.repetitionPenalty }),
    ...(sampling.topK !== 0 && { top_k: sampling.topK }),
    ...(sampling.minP !== 0 && { min_p: sampling.minP }),
  };
  if (dialect === "openai") refuseAny(beyondOpenAi);
  return {
    temperature: sampling.temperature,
    ...(sampling.topP !== 1 && { top_p: sampling.topP }),
    ...(sampling.frequencyPenalty !== 0 && { frequency_penalty: sampling.frequencyPenalty }),
    ...(sampling.presencePenalty !== 0 && { presence_penalty: sampling.presencePenalty }),
    ...(sampling.logitBias && { logit_bias: sampling.logitBias }),
    ...(sampling.seed !== undefined && { seed: sampling.seed }),
    ...beyondOpenAi,
  };
}

/** OpenAI's own; the other parameters are vLLM's. */
const KNOWN_TO_OPENAI: ReadonlySet<string> = new Set(["reasoning_effort"]);

function parametersBody(engine: EngineWishes | undefined, { dialect }: UpstreamModel) {
  const parameters = engine?.parameters ?? {};
  if (dialect === "openai") {
    refuseAny(Object.fromEntries(Object.entries(parameters).filter(([name]) => !KNOWN_TO_OPENAI.has(name))));
  }
  return parameters;
}

function refuseAny(parameters: object): void {
  const [field] = Object.keys(parameters);
  if (field === undefined) return;
  const message = `${field} is not supported here: the engine behind this model has no such control. Leave it out.`;
  throw new FarthingError("invalid_field", message, { field });
}
