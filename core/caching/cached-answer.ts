/**
 * Answers the same question once. Looked for in memory, then in the store that processes share; where several ask at the same
 * time, one of them makes the answer, and the others get it as it is made. Nothing that goes wrong in here is an error to anyone:
 * it costs a miss. Failures are never kept, nor what a stand-in answered.
 */
import { isFarthingError } from "../errors.ts";
import type { InferenceResult } from "../protocols/spec/inference.ts";
import type { CircuitBreaker } from "../routing/circuit-breaker.ts";
import type { Clock } from "../serving/clock.ts";
import type { Answer, Journal, Work } from "../serving/work.ts";
import { readAnswer } from "./answer-frames.ts";
import { answerName } from "./answer-key.ts";
import { createAnswerMemory, isYoung } from "./answer-memory.ts";
import type { AnswerParts, Question } from "./answer-parts.ts";
import type { AnswerStore } from "./answer-store.ts";
import { createBoundedStore } from "./bounded-store.ts";
import { cachePolicy } from "./cache-policy.ts";
import { hasCacheWishes } from "./cache-wishes.ts";
import { findAnswer } from "./find-answer.ts";
import { makeAnswer } from "./make-answer.ts";
import { keptAnswer, type SharedAnswer } from "./shared-work.ts";

export interface CachedAnswerOptions {
  readonly clock: Clock;
  /** Of this process's memory for answers. */
  readonly memoryBytes: number;
  /** What processes share, and what stops asking it. Undefined: nothing is shared. */
  readonly shared?: { readonly store: AnswerStore; readonly breaker: CircuitBreaker } | undefined;
  /** A text that no process has or had: 72 random bits. */
  newToken(): string;
  /** Work that goes on behind an answer. It never rejects; a process is not to be frozen before it is done. */
  behind(work: Promise<unknown>): void;
}

export function cachedAnswer(inner: Answer, options: CachedAnswerOptions): Answer {
  const { clock, shared } = options;
  const parts: AnswerParts = {
    inner,
    memory: createAnswerMemory(options.memoryBytes),
    store: shared && createBoundedStore(shared.store, { breaker: shared.breaker, clock }),
    clock,
    newToken: options.newToken,
    behind: (work) => options.behind(work.catch(() => {})),
  };
  /** What is being found or made now, by name and by how old an answer may be. */
  const underWay = new Map<string, Promise<SharedAnswer>>();

  function inMemory({ name, policy, work }: Question): SharedAnswer | undefined {
    const now = clock.epochMillis();
    const stored = parts.memory.get(name.text, now);
    if (stored === undefined || !isYoung(stored.madeAtMillis, now, policy.maxAgeMillis)) return undefined;
    const kept = readAnswer(stored.frames, work.request.type);
    return kept && keptAnswer(kept);
  }

  /** `isFirst`: whoever began it; its journal was written by the work itself. */
  async function begin(question: Question): Promise<{ readonly answer: SharedAnswer; readonly isFirst: boolean }> {
    const key = `${question.name.text}/${question.policy.maxAgeMillis}`;
    const current = underWay.get(key);
    if (current !== undefined) {
      try {
        return { answer: await current, isFirst: false };
      } catch (error) {
        // Its time was up, not ours; all other failures would be ours, too.
        if (!isFarthingError(error) || error.code !== "deadline_exceeded") throw error;
        return { answer: await makeAnswer(parts, question, { onEnd: () => {} }), isFirst: true };
      }
    }
    const found = findAnswer(parts, question, () => {
      if (underWay.get(key) === found) underWay.delete(key);
    });
    underWay.set(key, found);
    return { answer: await found, isFirst: true };
  }

  async function cached(work: Work): Promise<InferenceResult> {
    const policy = cachePolicy(work);
    if (policy.type === "none") return inner(work);
    const { journal, model, version, request } = work;
    if (policy.type === "bypass") {
      journal.cache = "bypass";
      return inner(work);
    }
    const name = answerName({ scope: policy.scope, model: model.name, digest: version.digest, request });
    const question = { work, policy, name };
    if (!policy.read) {
      journal.cache = "bypass";
      return (await makeAnswer(parts, question, { onEnd: () => {} })).open();
    }
    const kept = inMemory(question);
    if (kept !== undefined) {
      journal.cache = "hit";
      return kept.open();
    }
    // Until somebody else's answer is there, it is a miss, also in the usage line of a failure.
    journal.cache = "miss";
    const { answer, isFirst } = await begin(question);
    note(journal, answer, isFirst);
    return answer.open();
  }

  // Where nothing is kept and nobody asks about it, this costs nothing.
  return (work) => (work.version.cache === undefined && !hasCacheWishes(work.headers) ? inner(work) : cached(work));
}

function note(journal: Journal, { origin, answeredBy }: SharedAnswer, isFirst: boolean): void {
  if (origin === "kept") journal.cache = "hit";
  else if (origin === "awaited" || !isFirst) journal.cache = "coalesced";
  if (!isFirst && answeredBy !== undefined) journal.answeredBy = answeredBy;
}
