/** POST /v1/chat/completions */
import { versionId } from "../../../models/registry.ts";
import { jsonResponse } from "../../json/json-response.ts";
import type { AnsweredBy } from "../../protocol.ts";
import type { GenerationEvent, TokenLogprob, TokenLogprobs } from "../../spec/generation.ts";
import type { HttpResponse } from "../../spec/http.ts";
import { readChatRequest } from "./chat-request.ts";
import { collect } from "./collected-choices.ts";
import type { StreamedChunk } from "./event-stream.ts";
import { generationRoute } from "./generation-route.ts";
import type { AnswerForm } from "./request-fields.ts";
import { priceComment, usageMembers, usageObject } from "./usage.ts";

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
    choices: choices.map(({ text, tokens, reason }, index) => ({
      index,
      message: { role: "assistant", content: text, refusal: null },
      logprobs: withLogprobs ? logprobs(tokens) : null,
      finish_reason: reason,
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
      case "text-finish":
        yield chunk(event.choice, {}, { reason: event.reason });
        break;
      case "finish":
        yield includeUsage
          ? { type: "chunk", value: { ...common, ...usageMembers(event.usage, answer) } }
          : priceComment(event.usage, answer);
    }
  }
}

const head = ({ requestId, createdAtSeconds, model, version }: AnsweredBy, object: string) => ({
  id: `chatcmpl-${requestId}`,
  object,
  created: createdAtSeconds,
  model: model.name,
  system_fingerprint: `fp_${versionId(version.digest)}`,
});

const logprobs = (tokens: readonly TokenLogprobs[]) => ({
  content: tokens.map((token) => ({ ...logprobObject(token), top_logprobs: token.top.map(logprobObject) })),
  refusal: null,
});

const logprobObject = ({ text, bytes, logprob }: TokenLogprob) => ({ token: text, logprob, bytes: bytes ?? null });
