/** An engine's stream as events of ours. */
import { asFarthingError, FarthingError, isFarthingError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import type { FinishReason, GenerationEvent, GenerationInference } from "../spec/generation.ts";
import type { InferenceUsage } from "../spec/inference.ts";
import { chatTokens, textTokens } from "./logprobs.ts";
import { createServerSentData } from "./server-sent-data.ts";
import { estimatedInputTokens, estimatedTokens } from "./token-estimate.ts";
import { errorInside } from "./upstream-error.ts";

/** `monotonicMillis`: for the time that the engine took. */
export async function* generationEvents(
  bytes: AsyncIterable<Uint8Array>,
  request: GenerationInference,
  monotonicMillis: () => number,
): AsyncGenerator<GenerationEvent> {
  const reading = createReading(request, monotonicMillis, () => 1);
  const frames = createServerSentData();
  for await (const part of bytes) {
    for (const data of pushed(() => frames.push(part))) {
      yield* reading.events(data);
      if (reading.isOver()) return;
    }
  }
  for (const data of pushed(frames.end)) yield* reading.events(data);
  if (!reading.isOver()) yield* reading.ended();
}

/** An answer in one piece, from an engine that does not stream, or whose error came with a good status. */
export function* wholeGeneration(
  body: string,
  request: GenerationInference,
  monotonicMillis: () => number,
): Generator<GenerationEvent> {
  const reading = createReading(request, monotonicMillis, estimatedTokens);
  yield* reading.events(body);
  yield* reading.ended();
}

const pushed = (push: () => readonly string[]): readonly string[] => {
  try {
    return push();
  } catch (error) {
    throw broken("it sent what is no event stream", error);
  }
};

interface Choice {
  outputTokens: number;
  /** Id and name are known. */
  readonly calls: boolean[];
  finished: boolean;
}

/** `tokensOf`: of a piece of text, for engines that do not count. A chunk of a stream is a token, with few exceptions. */
function createReading(
  request: GenerationInference,
  monotonicMillis: () => number,
  tokensOf: (text: string) => number,
) {
  const started = monotonicMillis();
  const choices: (Choice | undefined)[] = [];
  const expected = request.prompts.length * request.choices;
  let hasStarted = false;
  let isOver = false;
  let counted: JsonObject | undefined;
  /** Output tokens that events have told of, and what the engine has counted. */
  let told = 0;

  function* events(data: string): Generator<GenerationEvent> {
    if (data === "[DONE]") {
      yield* ended();
      return;
    }
    const chunk = parsed(data);
    const error = errorInside(chunk);
    if (error !== undefined) throw error;
    if (!Array.isArray(chunk.choices)) throw broken(`it sent ${data.slice(0, 200)}`);
    if (isJsonObject(chunk.usage)) counted = chunk.usage;
    if (!hasStarted) {
      hasStarted = true;
      yield start();
    }
    for (const choice of chunk.choices as readonly unknown[]) {
      if (!isJsonObject(choice)) throw broken("a choice of its answer is no object");
      yield* choiceEvents(choice);
    }
  }

  function start(): GenerationEvent {
    const inputTokens = countOf(counted?.prompt_tokens);
    return inputTokens === undefined
      ? { type: "start", inputTokens: estimatedInputTokens(request), estimated: true }
      : { type: "start", inputTokens };
  }

  function* choiceEvents(received: JsonObject): Generator<GenerationEvent> {
    const index = typeof received.index === "number" ? received.index : 0;
    if (!Number.isInteger(index) || index < 0 || index >= expected)
      throw broken(`it sent choice ${index} of ${expected}`);
    let choice = choices[index];
    if (choice === undefined) {
      choice = { outputTokens: 0, calls: [], finished: false };
      choices[index] = choice;
      yield { type: "text-start", choice: index };
    }
    if (choice.finished) return;
    const delta = isJsonObject(received.delta)
      ? received.delta
      : isJsonObject(received.message)
        ? received.message
        : undefined;
    if (delta === undefined) yield* textEvent(received, index);
    else yield* deltaEvents(delta, received.logprobs, index, choice);
    const reason = FINISH_REASONS[String(received.finish_reason)];
    if (reason === undefined) return;
    choice.finished = true;
    yield { type: "text-finish", choice: index, reason, outputTokens: newTokens(0) };
  }

  function* textEvent({ text, logprobs }: JsonObject, choice: number): Generator<GenerationEvent> {
    if (typeof text !== "string" || text === "") return;
    const tokens = textTokens(logprobs);
    yield {
      type: "text-delta",
      choice,
      text,
      outputTokens: newTokens(tokens?.length ?? tokensOf(text)),
      ...(tokens && { tokens }),
    };
  }

  function* deltaEvents(
    delta: JsonObject,
    logprobs: unknown,
    index: number,
    choice: Choice,
  ): Generator<GenerationEvent> {
    const thought = delta.reasoning_content ?? delta.reasoning;
    if (typeof thought === "string" && thought !== "") {
      yield { type: "reasoning-delta", choice: index, text: thought, outputTokens: newTokens(tokensOf(thought)) };
    }
    if (typeof delta.content === "string" && delta.content !== "") {
      const tokens = request.topLogprobs === undefined ? undefined : chatTokens(logprobs);
      const outputTokens = newTokens(tokens?.length ?? tokensOf(delta.content));
      yield { type: "text-delta", choice: index, text: delta.content, outputTokens, ...(tokens && { tokens }) };
    }
    if (Array.isArray(delta.tool_calls)) {
      for (const [position, call] of (delta.tool_calls as readonly unknown[]).entries()) {
        yield* callEvents(call, position, index, choice);
      }
    }
  }

  function* callEvents(
    received: unknown,
    position: number,
    index: number,
    { calls }: Choice,
  ): Generator<GenerationEvent> {
    if (!isJsonObject(received)) throw broken("a tool call of its answer is no object");
    const call = countOf(received.index) ?? position;
    const { name, arguments: argumentsText } = isJsonObject(received.function) ? received.function : {};
    if (!calls[call]) {
      if (typeof name !== "string" || call !== calls.length)
        throw broken(`it sent tool call ${call} without its beginning`);
      calls[call] = true;
      const id = typeof received.id === "string" && received.id !== "" ? received.id : `call_${index}_${call}`;
      yield { type: "tool-call-start", choice: index, call, id, name, outputTokens: newTokens(1) };
    }
    if (typeof argumentsText === "string" && argumentsText !== "") {
      yield {
        type: "tool-call-delta",
        choice: index,
        call,
        argumentsText,
        outputTokens: newTokens(tokensOf(argumentsText)),
      };
    }
  }

  /** Tokens since the last event: the engine's own count where every chunk has it, else `assumed`. */
  function newTokens(assumed: number): number {
    const total = countOf(counted?.completion_tokens);
    const tokens = total === undefined ? assumed : Math.max(0, total - told);
    told += tokens;
    return tokens;
  }

  function* ended(): Generator<GenerationEvent> {
    if (!hasStarted) throw broken("its answer ended before it began");
    for (let index = 0; index < expected; index++) {
      if (!choices[index]?.finished) throw broken("its answer broke off");
    }
    isOver = true;
    yield { type: "finish", usage: usage() };
  }

  function usage(): InferenceUsage {
    const inferenceMillis = monotonicMillis() - started;
    const inputTokens = countOf(counted?.prompt_tokens);
    const outputTokens = countOf(counted?.completion_tokens);
    if (inputTokens === undefined || outputTokens === undefined) {
      return {
        inputTokens: inputTokens ?? estimatedInputTokens(request),
        outputTokens: told,
        inferenceMillis,
        estimated: true,
      };
    }
    const cached = isJsonObject(counted?.prompt_tokens_details) && countOf(counted.prompt_tokens_details.cached_tokens);
    const thought =
      isJsonObject(counted?.completion_tokens_details) && countOf(counted.completion_tokens_details.reasoning_tokens);
    return {
      inputTokens,
      ...(typeof cached === "number" && cached <= inputTokens && { cachedInputTokens: cached }),
      outputTokens,
      ...(typeof thought === "number" && { reasoningTokens: thought }),
      inferenceMillis,
    };
  }

  return { events, ended, isOver: () => isOver };
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  eos_token: "stop",
  length: "length",
  tool_calls: "tool-calls",
  function_call: "tool-calls",
  content_filter: "content-filter",
};

const countOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

function parsed(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw broken(`it sent ${data.slice(0, 200)}`, error);
  }
  if (isJsonObject(value)) return value;
  throw broken(`it sent ${data.slice(0, 200)}`);
}

/** `why` is for our log: a caller can do nothing with it. */
function broken(why: string, cause?: unknown): FarthingError {
  if (cause !== undefined && isFarthingError(cause)) return asFarthingError(cause);
  return new FarthingError("dependency_unavailable", "The engine behind this model broke off its answer.", {
    retryAfterSeconds: 1,
    cause: new Error(why, { cause }),
  });
}
