/** Processes that share a store, a model behind each of them, and callers; all in virtual time. */

import type { AnswerStore } from "../../../core/caching/answer-store.ts";
import { type CachedAnswerOptions, cachedAnswer } from "../../../core/caching/cached-answer.ts";
import { createMemoryStore } from "../../../core/caching/memory-store.ts";
import { createStoreBreaker } from "../../../core/caching/store-breaker.ts";
import type { CacheRule } from "../../../core/models/cache-schema.ts";
import type { GenerationEvent, GenerationInference } from "../../../core/protocols/spec/generation.ts";
import type { InferenceRequest, InferenceResult } from "../../../core/protocols/spec/inference.ts";
import { GREEDY } from "../../../core/protocols/spec/sampling.ts";
import type { Answer, Journal, Work } from "../../../core/serving/work.ts";
import { digestOf, modelOf, versionOf } from "../serving/world.ts";
import { knownCaller } from "../tenants/known-caller.ts";
import { type VirtualTime, virtualTime } from "./virtual-time.ts";

export const RULE: CacheRule = { ttlSeconds: 60 };

export const generation = (text: string, overrides: Partial<GenerationInference> = {}): GenerationInference => ({
  type: "generation",
  prompts: [{ type: "text", text }],
  choices: 1,
  maxTokens: 16,
  sampling: GREEDY,
  stop: [],
  ...overrides,
});

export const embeddings = (...inputs: string[]): InferenceRequest => ({ type: "embeddings", inputs });

export interface Ask {
  readonly request: InferenceRequest;
  readonly tenant?: string;
  /** Default: of the tenant's name. */
  readonly answerScope?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly digest?: string;
  readonly rule?: CacheRule | undefined;
  readonly dataClass?: "open" | "restricted";
  readonly withinMillis?: number;
}

export interface Outcome {
  readonly journal: Journal;
  readonly result: InferenceResult | undefined;
  readonly events: readonly GenerationEvent[];
  readonly error: unknown;
}

export function workOf(ask: Ask, time: VirtualTime): Work {
  const { tenant = "acme", digest = digestOf("a"), dataClass = "open", headers = {}, withinMillis = 60_000 } = ask;
  const rule = "rule" in ask ? ask.rule : RULE;
  return {
    caller: knownCaller({ tenant, dataClass, answerScope: ask.answerScope ?? tenant }),
    model: modelOf(),
    version: { ...versionOf(digest), ...(rule && { cache: rule }) },
    request: ask.request,
    headers,
    context: { requestId: "r", deadlineMillis: time.clock.epochMillis() + withinMillis, tenant },
    journal: { target: "none" },
  };
}

export async function outcomeOf(answer: Answer, work: Work): Promise<Outcome> {
  const events: GenerationEvent[] = [];
  try {
    const result = await answer(work);
    if (result.type === "generation") for await (const event of result.events) events.push(event);
    return { journal: work.journal, result, events, error: undefined };
  } catch (error) {
    return { journal: work.journal, result: undefined, events, error };
  }
}

export const textOf = (events: readonly GenerationEvent[]): string =>
  events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");

/** Counts its calls; answers after `millis` with vectors, or word by word. */
export function slowModel(time: VirtualTime, millis = 10) {
  const calls: Work[] = [];
  const slept = (duration: number) => new Promise<void>((resolve) => void time.clock.after(duration, resolve));
  async function* words(work: Work): AsyncGenerator<GenerationEvent> {
    yield { type: "start", inputTokens: 3 };
    yield { type: "text-start", choice: 0 };
    for (const word of ["one ", "two ", `for ${work.caller.tenant}`]) {
      await slept(millis);
      yield { type: "text-delta", choice: 0, text: word, outputTokens: 1 };
    }
    yield { type: "text-finish", choice: 0, reason: "stop", outputTokens: 0 };
    yield { type: "finish", usage: { inputTokens: 3, outputTokens: 3, inferenceMillis: 3 * millis } };
  }
  const answer: Answer = async (work) => {
    calls.push(work);
    if (work.request.type === "generation") return { type: "generation", events: words(work) };
    await slept(millis);
    return {
      type: "embeddings",
      vectors: [Float32Array.of(calls.length, 0.5)],
      usage: { inputTokens: 1, outputTokens: 0, inferenceMillis: millis },
    };
  };
  return { answer, calls };
}

export interface World {
  readonly time: VirtualTime;
  readonly store: ReturnType<typeof createMemoryStore>;
  /** One more process. */
  process(inner: Answer, store?: AnswerStore | undefined, overrides?: Partial<CachedAnswerOptions>): Answer;
}

export function cacheWorld(): World {
  const time = virtualTime();
  const store = createMemoryStore(time.clock);
  let tokens = 0;
  return {
    time,
    store,
    process: (inner, own = store, overrides = {}) =>
      cachedAnswer(inner, {
        clock: time.clock,
        memoryBytes: 1_000_000,
        shared: { store: own, breaker: createStoreBreaker() },
        newToken: () => `token-${++tokens}`,
        behind: () => {},
        ...overrides,
      }),
  };
}
