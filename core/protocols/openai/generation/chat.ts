/** POST /v1/chat/completions */
import { jsonResponse } from "../../json/json-response.ts";
import type { AnsweredBy } from "../../protocol.ts";
import type { GenerationEvent, TokenLogprob, TokenLogprobs } from "../../spec/generation.ts";
import type { HttpResponse } from "../../spec/http.ts";
import { answerHead } from "./answer-head.ts";
import { readChatRequest } from "./chat-request.ts";
import { type CollectedChoice, collect } from "./collected-choices.ts";
import type { StreamedChunk } from "./event-stream.ts";
import { finishReason } from "./finish-reason.ts";
import { generationRoute } from "./generation-route.ts";
import type { AnswerForm } from "./request-fields.ts";
import { lastChunk, usageObject } from "./usage.ts";

export const CHAT_ROUTE = generationRoute({
  path: "/v1/chat/completions",
  read: readChatRequest,
  chunks,
  buffered,
});

async function buffered(
  events: AsyncIterable<GenerationEvent>,
  answer: AnsweredBy,
  withLogprobs: boolean,
): Promise<HttpResponse> {
  const { choices, usage } = await collect(events);
  return jsonResponse({
    ...head(answer, "chat.completion"),
    choices: choices.map((choice, index) => ({
      index,
      message: messageObject(choice),
      logprobs: withLogprobs ? logprobs(choice.tokens) : null,
      finish_reason: finishReason(choice.reason),
    })),
    usage: usageObject(usage),
  });
}

async function* chunks(
  events: AsyncIterable<GenerationEvent>,
  answer: AnsweredBy,
  { includeUsage, withLogprobs }: AnswerForm & { readonly withLogprobs: boolean },
): AsyncGenerator<StreamedChunk> {
  const common = head(answer, "chat.completion.chunk");
  const chunk = (
    index: number,
    delta: object,
    { tokens = [], reason = null }: { tokens?: readonly TokenLogprobs[] | undefined; reason?: string | null } = {},
  ): StreamedChunk => ({
    type: "chunk",
    value: {
      ...common,
      choices: [{ index, delta, logprobs: withLogprobs ? logprobs(tokens) : null, finish_reason: reason }],
      ...(includeUsage && { usage: null }),
    },
  });
  for await (const event of events) {
    switch (event.type) {
      case "start":
        break;
      case "text-start":
        yield chunk(event.choice, { role: "assistant", content: "", refusal: null });
        break;
      case "text-delta":
        if (event.text !== "" || event.tokens?.length) {
          yield chunk(event.choice, { content: event.text }, { tokens: event.tokens });
        }
        break;
      case "reasoning-delta":
        yield chunk(event.choice, { reasoning_content: event.text });
        break;
      case "tool-call-start":
      case "tool-call-delta":
        yield chunk(event.choice, { tool_calls: [toolCallDelta(event)] });
        break;
      case "text-finish":
        yield chunk(event.choice, {}, { reason: finishReason(event.reason) });
        break;
      case "finish":
        yield lastChunk(event.usage, answer, includeUsage ? common : undefined);
    }
  }
}

/** `reasoning_content` is DeepSeek's and vLLM's member for thoughts; OpenAI keeps its models' to itself. */
const messageObject = ({ text, reasoning, toolCalls }: CollectedChoice) => ({
  role: "assistant",
  content: text === "" && toolCalls.length > 0 ? null : text,
  refusal: null,
  ...(reasoning !== "" && { reasoning_content: reasoning }),
  ...(toolCalls.length > 0 && {
    tool_calls: toolCalls.map(({ id, name, argumentsText }) => ({
      id,
      type: "function",
      function: { name, arguments: argumentsText },
    })),
  }),
});

const toolCallDelta = (event: Extract<GenerationEvent, { readonly type: "tool-call-start" | "tool-call-delta" }>) =>
  event.type === "tool-call-start"
    ? { index: event.call, id: event.id, type: "function", function: { name: event.name, arguments: "" } }
    : { index: event.call, function: { arguments: event.argumentsText } };

const head = (answer: AnsweredBy, object: string) => answerHead(answer, { idPrefix: "chatcmpl", object });

const logprobs = (tokens: readonly TokenLogprobs[]) => ({
  content: tokens.map((token) => ({ ...logprobObject(token), top_logprobs: token.top.map(logprobObject) })),
  refusal: null,
});

const logprobObject = ({ text, bytes, logprob }: TokenLogprob) => ({ token: text, logprob, bytes: bytes ?? null });
