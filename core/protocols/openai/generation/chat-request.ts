/** The body of POST /v1/chat/completions: https://platform.openai.com/docs/api-reference/chat/create */
import { FarthingError } from "../../../errors.ts";
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { ChatMessage, EngineWishes, GenerationInference } from "../../spec/generation.ts";
import { readFlag, readText, refuseFieldsBut, wrong } from "../fields.ts";
import { ENGINE_FIELDS, readEngineFields } from "./engine-fields.ts";
import { readOutputFormat } from "./output-format.ts";
import { FIELDS_WITHOUT_EFFECT, readChoices, readCount, readStop, refuseUnsupported } from "./request-fields.ts";
import { readSampling, SAMPLING_FIELDS } from "./sampling-fields.ts";
import { readToolCalls, readToolUse } from "./tools.ts";

const MOST_MESSAGES = 2_048;
const MOST_TOP_LOGPROBS = 20;

const UNSUPPORTED = {
  functions: "tools took their place",
  function_call: "tool_choice took its place",
  audio: "the models here write text only",
  prediction: "there is no speculation on a text of the caller's",
  verbosity: "the models here have no such control",
  web_search_options: "the models here search nothing",
  moderation: "there is no moderation on the way; call /v1/moderations",
} as const;

const FIELDS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "max_tokens",
  "max_completion_tokens",
  "n",
  "stop",
  "stream",
  "stream_options",
  "logprobs",
  "top_logprobs",
  "response_format",
  "modalities",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  ...ENGINE_FIELDS.chat,
  ...SAMPLING_FIELDS,
  ...FIELDS_WITHOUT_EFFECT,
  ...Object.keys(UNSUPPORTED),
]);

export function readChatRequest(body: JsonObject): GenerationInference {
  refuseFieldsBut(FIELDS, body);
  refuseUnsupported(body, UNSUPPORTED);
  refuseOtherForms(body);
  const engine = readEngineWishes(body);
  const maxTokens = readMaxTokens(body);
  const topLogprobs = readTopLogprobs(body);
  return {
    type: "generation",
    prompts: [{ type: "chat", messages: readMessages(body) }],
    choices: readChoices(body),
    ...(maxTokens !== undefined && { maxTokens }),
    sampling: readSampling(body),
    stop: readStop(body),
    ...(topLogprobs !== undefined && { topLogprobs }),
    ...(engine !== undefined && { engine }),
  };
}

function readEngineWishes(body: JsonObject): EngineWishes | undefined {
  const tools = readToolUse(body);
  const outputFormat = readOutputFormat(body);
  const parameters = readEngineFields(body, "chat");
  if (tools === undefined && outputFormat === undefined && parameters === undefined) return undefined;
  return {
    ...(tools && { tools }),
    ...(outputFormat && { outputFormat }),
    ...(parameters && { parameters }),
  };
}

function refuseOtherForms({ modalities }: JsonObject): void {
  if (modalities !== undefined && modalities !== null && !(Array.isArray(modalities) && modalities.join() === "text")) {
    throw wrong("modalities", modalities, '["text"] or absent');
  }
}

function readMaxTokens(body: JsonObject): number | undefined {
  const older = readCount(body, "max_tokens", 1, Number.MAX_SAFE_INTEGER);
  const newer = readCount(body, "max_completion_tokens", 1, Number.MAX_SAFE_INTEGER);
  if (older !== undefined && newer !== undefined && older !== newer) {
    throw wrong("max_tokens", older, `absent, or equal to max_completion_tokens (${newer})`);
  }
  return newer ?? older;
}

function readTopLogprobs(body: JsonObject): number | undefined {
  const top = readCount(body, "top_logprobs", 0, MOST_TOP_LOGPROBS);
  if (readFlag(body.logprobs, "logprobs")) return top ?? 0;
  if (top !== undefined) throw wrong("top_logprobs", top, "absent unless logprobs is true");
  return undefined;
}

function readMessages({ messages }: JsonObject): readonly ChatMessage[] {
  if (messages === undefined) {
    throw new FarthingError("missing_field", "messages is absent; it must be an array of messages.", {
      field: "messages",
    });
  }
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > MOST_MESSAGES) {
    throw wrong("messages", messages, `an array of 1 to ${MOST_MESSAGES} messages`);
  }
  const read = messages.map((message: unknown, index) => readMessage(message, `messages[${index}]`));
  refuseAnswersWithoutCall(read);
  return read;
}

/** Engines answer an unknown id with words of their own, some of them with a 500. */
function refuseAnswersWithoutCall(messages: readonly ChatMessage[]): void {
  const called = new Set<string>();
  messages.forEach(({ toolCalls, toolCallId }, index) => {
    for (const { id } of toolCalls ?? []) called.add(id);
    if (toolCallId === undefined || called.has(toolCallId)) return;
    throw wrong(
      `messages[${index}].tool_call_id`,
      toolCallId,
      "the id of a call in an earlier message of the assistant",
    );
  });
}

/** OpenAI's newer name for the system's messages is of no use to a template that was written before. */
const ROLES: Readonly<Record<string, ChatMessage["role"]>> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
};

/** What clients send back of an answer's message; none of it is text to go on from. */
const ANSWER_FIELDS = [
  "refusal",
  "annotations",
  "audio",
  "function_call",
  "tool_calls",
  "tool_call_id",
  "reasoning",
  "reasoning_content",
];
const READ_FIELDS: Readonly<Record<ChatMessage["role"], readonly string[]>> = {
  system: ["role", "content", "name"],
  user: ["role", "content", "name"],
  assistant: ["role", "content", "name", "tool_calls", "reasoning", "reasoning_content"],
  tool: ["role", "content", "name", "tool_call_id"],
};

function readMessage(message: unknown, field: string): ChatMessage {
  if (!isJsonObject(message)) throw wrong(field, message, "an object with role and content");
  const role = typeof message.role === "string" ? ROLES[message.role] : undefined;
  if (role === undefined) {
    throw wrong(`${field}.role`, message.role, `one of ${Object.keys(ROLES).join(", ")}`);
  }
  const fields = READ_FIELDS[role];
  for (const name in message) {
    if (fields.includes(name)) continue;
    const value = message[name];
    if (ANSWER_FIELDS.includes(name) && (value === null || (Array.isArray(value) && value.length === 0))) continue;
    throw wrong(`${field}.${name}`, value, `absent; a message of the role ${role} has ${fields.join(", ")}`);
  }
  const { name } = message;
  if (name !== undefined && name !== null && typeof name !== "string") throw wrong(`${field}.name`, name, "a text");
  return { role, ...readSaid(role, message, field), ...(typeof name === "string" && { name }) };
}

function readSaid(role: ChatMessage["role"], message: JsonObject, field: string): Omit<ChatMessage, "role" | "name"> {
  switch (role) {
    case "assistant": {
      const calls = message.tool_calls;
      const toolCalls = isAbsent(calls) ? [] : readToolCalls(calls, `${field}.tool_calls`);
      const thought = message.reasoning_content ?? message.reasoning;
      const isSilent = isAbsent(message.content) && (toolCalls.length > 0 || !isAbsent(thought));
      return {
        content: isSilent ? "" : readContent(message.content, `${field}.content`),
        ...(toolCalls.length > 0 && { toolCalls }),
        ...(!isAbsent(thought) && { reasoning: readContent(thought, `${field}.reasoning_content`) }),
      };
    }
    case "tool": {
      const content = readContent(message.content, `${field}.content`);
      return { content, toolCallId: readText(message.tool_call_id, `${field}.tool_call_id`) };
    }
    default:
      return { content: readContent(message.content, `${field}.content`) };
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** A text, or parts of type `text`. */
function readContent(content: unknown, field: string): string {
  if (typeof content === "string") return wellFormed(content, field);
  if (!Array.isArray(content)) throw wrong(field, content, "a text, or an array of parts of type text");
  const texts = content.map((part: unknown, index) => {
    const place = `${field}[${index}]`;
    if (!isJsonObject(part)) throw wrong(place, part, 'an object like {"type": "text", "text": …}');
    if (part.type !== "text") throw wrong(`${place}.type`, part.type, '"text": the models here read nothing else');
    if (typeof part.text !== "string") throw wrong(`${place}.text`, part.text, "a text");
    return wellFormed(part.text, `${place}.text`);
  });
  return texts.join("");
}

/** Empty is allowed: an assistant may have said nothing. */
export function wellFormed(text: string, field: string): string {
  if (text.isWellFormed()) return text;
  const message = `${field} holds half of a surrogate pair, which is no Unicode text.`;
  throw new FarthingError("invalid_field", message, { field });
}
