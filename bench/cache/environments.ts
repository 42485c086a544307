/** Execution environments that share a cache, with a model behind each that counts its calls. */
import { systemClock } from "../../adapters/system-clock.ts";
import { valkeyAnswerStore } from "../../adapters/valkey/answer-store.ts";
import { createValkeyClient, type ValkeyClient } from "../../adapters/valkey/client.ts";
import { cachedAnswer } from "../../core/caching/cached-answer.ts";
import { createStoreBreaker } from "../../core/caching/store-breaker.ts";
import type { GenerationEvent } from "../../core/protocols/spec/generation.ts";
import type { InferenceRequest, InferenceResult } from "../../core/protocols/spec/inference.ts";
import { GREEDY } from "../../core/protocols/spec/sampling.ts";
import type { Answer, Work } from "../../core/serving/work.ts";
import { NO_TERMS } from "../../core/tenants/terms.ts";
import type { RealServer } from "./real-server.ts";

export interface Environment {
  readonly answer: Answer;
  readonly client: ValkeyClient;
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>;
}

/** `memoryBytes`: 0, and every hit comes from the server. */
export function environment({ port, ca }: RealServer, model: Answer, memoryBytes: number): Environment {
  const behind = new Set<Promise<unknown>>();
  const client = createValkeyClient({
    address: { host: "127.0.0.1", port },
    tls: { ca },
    login: undefined,
    clock: systemClock,
  });
  const answer = cachedAnswer(model, {
    clock: systemClock,
    memoryBytes,
    shared: { store: valkeyAnswerStore(client, systemClock), breaker: createStoreBreaker() },
    newToken: () => Math.random().toString(36).slice(2),
    behind(work) {
      behind.add(work);
      work.then(() => behind.delete(work));
    },
  });
  return {
    answer,
    client,
    async settled() {
      while (behind.size > 0) await Promise.all(behind);
    },
  };
}

const DIMENSIONS = 384;

/** Vectors of the size of a MiniLM's, or a short text. */
export function countingModel(millis: number) {
  const counts = { calls: 0 };
  const slept = () => new Promise((resolve) => setTimeout(resolve, millis));
  async function* events(): AsyncGenerator<GenerationEvent> {
    yield { type: "start", inputTokens: 8 };
    yield { type: "text-start", choice: 0 };
    for (let word = 0; word < 20; word++) {
      await slept();
      yield { type: "text-delta", choice: 0, text: `word ${word} `, outputTokens: 1 };
    }
    yield { type: "text-finish", choice: 0, reason: "stop", outputTokens: 0 };
    yield { type: "finish", usage: { inputTokens: 8, outputTokens: 20, inferenceMillis: 20 * millis } };
  }
  const answer: Answer = async (work): Promise<InferenceResult> => {
    counts.calls++;
    if (work.request.type === "generation") return { type: "generation", events: events() };
    if (millis > 0) await slept();
    return {
      type: "embeddings",
      vectors: [Float32Array.from({ length: DIMENSIONS }, (_, index) => Math.sin(index))],
      usage: { inputTokens: 8, outputTokens: 0, inferenceMillis: millis },
    };
  };
  return { answer, counts };
}

export const question = (text: string): InferenceRequest => ({ type: "embeddings", inputs: [text] });

export const storyOf = (text: string): InferenceRequest => ({
  type: "generation",
  prompts: [{ type: "text", text }],
  choices: 1,
  maxTokens: 20,
  sampling: GREEDY,
  stop: [],
});

const DIGEST = "a".repeat(64);

export function workOf(request: InferenceRequest, tenant: string): Work {
  const version = {
    digest: DIGEST,
    createdAt: "2026-11-24T00:00:00.000Z",
    bytes: 1,
    task: "embedding" as const,
    price: {},
    cache: { ttlSeconds: 600 },
    signature: { inputs: [], outputs: [] },
  };
  return {
    caller: {
      type: "known",
      tenant,
      keyPrefix: "fk_bench",
      keyHash: "0".repeat(64),
      scopes: {},
      dataClass: "open",
      answerScope: tenant,
      terms: { tenant: NO_TERMS, key: NO_TERMS },
      debugUntilMillis: 0,
    },
    model: {
      name: "bench",
      revision: 1,
      group: "small",
      versions: [version],
      weights: { [DIGEST]: 1 },
      live: DIGEST,
      history: [],
    },
    version,
    request,
    headers: {},
    context: { requestId: "bench", deadlineMillis: Date.now() + 60_000, tenant },
    journal: { target: "none" },
  };
}

/** Reads a stream to its end. */
export async function answered(work: Work, answer: Answer): Promise<void> {
  const result = await answer(work);
  if (result.type === "generation") for await (const _ of result.events);
}
