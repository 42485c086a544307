/** POST /v1/completions: text goes on, without a chat around it. */
import { jsonResponse } from "../../json/json-response.ts";
import type { AnsweredBy } from "../../protocol.ts";
import type { GenerationEvent, TokenLogprobs } from "../../spec/generation.ts";
import type { HttpResponse } from "../../spec/http.ts";
import { answerHead } from "./answer-head.ts";
import { collect } from "./collected-choices.ts";
import { readCompletionsRequest } from "./completions-request.ts";
import type { StreamedChunk } from "./event-stream.ts";
import { finishReason } from "./finish-reason.ts";
import { generationRoute } from "./generation-route.ts";
import type { AnswerForm } from "./request-fields.ts";
import { lastChunk, usageObject } from "./usage.ts";

export const COMPLETIONS_ROUTE = generationRoute({
  path: "/v1/completions",
  read: readCompletionsRequest,
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
    ...head(answer),
    choices: choices.map(({ text, tokens, reason }, index) => ({
      text,
      index,
      logprobs: withLogprobs ? createLogprobs()(tokens) : null,
      finish_reason: finishReason(reason),
    })),
    usage: usageObject(usage),
  });
}

async function* chunks(
  events: AsyncIterable<GenerationEvent>,
  answer: AnsweredBy,
  { includeUsage, withLogprobs }: AnswerForm & { readonly withLogprobs: boolean },
): AsyncGenerator<StreamedChunk> {
  const common = head(answer);
  const logprobsOf: ReturnType<typeof createLogprobs>[] = [];
  const chunk = (
    index: number,
    text: string,
    tokens: readonly TokenLogprobs[],
    reason: string | null,
  ): StreamedChunk => ({
    type: "chunk",
    value: {
      ...common,
      choices: [{ text, index, logprobs: logprobsOf[index]?.(tokens) ?? null, finish_reason: reason }],
      ...(includeUsage && { usage: null }),
    },
  });
  for await (const event of events) {
    switch (event.type) {
      case "start":
        break;
      case "text-start":
        if (withLogprobs) logprobsOf[event.choice] = createLogprobs();
        break;
      case "text-delta":
        if (event.text !== "" || event.tokens?.length) yield chunk(event.choice, event.text, event.tokens ?? [], null);
        break;
      case "text-finish":
        yield chunk(event.choice, "", [], finishReason(event.reason));
        break;
      // Only chats think apart and call tools.
      case "reasoning-delta":
      case "tool-call-start":
      case "tool-call-delta":
        break;
      case "finish":
        yield lastChunk(event.usage, answer, includeUsage ? common : undefined);
    }
  }
}

const head = (answer: AnsweredBy) => answerHead(answer, { idPrefix: "cmpl", object: "text_completion" });

/** The older form, by columns; offsets count the characters of one choice from its beginning, over all of its chunks. */
function createLogprobs() {
  let offset = 0;
  return (tokens: readonly TokenLogprobs[]) => ({
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) => Object.fromEntries(top.map(({ text, logprob }) => [text, logprob]))),
    text_offset: tokens.map(({ text }) => {
      const start = offset;
      offset += text.length;
      return start;
    }),
  });
}
