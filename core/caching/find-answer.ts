/** From a question that this process cannot answer from memory to an answer: kept elsewhere, on its way elsewhere, or made here. */
import { readAnswer } from "./answer-frames.ts";
import { isYoung } from "./answer-memory.ts";
import { type AnswerParts, type Question, storeFor } from "./answer-parts.ts";
import { awaitAnswer } from "./await-answer.ts";
import { type BoundedStore, CLAIMING_MILLIS, LOOKUP_MILLIS } from "./bounded-store.ts";
import { CLAIM_MILLIS, claimName, holdClaim } from "./claim.ts";
import { makeAnswer } from "./make-answer.ts";
import { keptAnswer, type SharedAnswer } from "./shared-work.ts";
import { decodeStoredAnswer } from "./stored-answer.ts";

/** A maker that is gone is replaced once, by one of those who waited; after that everyone makes the answer for himself. */
const ATTEMPTS = 2;

/** `onEnd`: nothing more will come of it; called exactly once, also when this rejects. */
export async function findAnswer(parts: AnswerParts, question: Question, onEnd: () => void): Promise<SharedAnswer> {
  const store = storeFor(parts, question);
  if (store === undefined) return makeAnswer(parts, question, { onEnd });
  const { name } = question;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const began = parts.clock.monotonicMillis();
    const kept = await lookUp(parts, question, store);
    if (kept !== undefined) {
      onEnd();
      return kept;
    }
    const token = parts.newToken();
    const holder = await store.ask(
      (shared) => shared.claim(claimName(name.text), token, CLAIM_MILLIS),
      // What the lookup did not take: of many who ask at once, each that hears too late works for itself.
      Math.max(CLAIMING_MILLIS, LOOKUP_MILLIS + CLAIMING_MILLIS - (parts.clock.monotonicMillis() - began)),
    );
    if (holder === undefined) break;
    if (holder === token) {
      const claim = holdClaim(store, parts.clock, name.text, token);
      return makeAnswer(parts, question, { claim, onEnd });
    }
    const awaited = await awaitAnswer(parts, question, { store, token: holder, onEnd });
    if (awaited !== undefined) return awaited;
    if (parts.clock.epochMillis() >= question.work.context.deadlineMillis) break;
  }
  return makeAnswer(parts, question, { onEnd });
}

async function lookUp(
  { memory, clock }: AnswerParts,
  { name, policy, work }: Question,
  store: BoundedStore,
): Promise<SharedAnswer | undefined> {
  const bytes = await store.ask((shared) => shared.get(name.text), LOOKUP_MILLIS);
  const stored = bytes && decodeStoredAnswer(name.key, bytes);
  if (stored === undefined || !isYoung(stored.madeAtMillis, clock.epochMillis(), policy.maxAgeMillis)) return undefined;
  const kept = readAnswer(stored.frames, work.request.type);
  if (kept === undefined) return undefined;
  memory.put(name.text, stored, policy.ttlMillis);
  return keptAnswer(kept);
}
