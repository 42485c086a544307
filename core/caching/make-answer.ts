/** The model answers; the answer is kept, and goes to all who wait for it, here and elsewhere. */
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { Work } from "../serving/work.ts";
import { eventFrame, wholeFrame } from "./answer-frames.ts";
import { type AnswerParts, type Question, storeFor } from "./answer-parts.ts";
import { broadcast } from "./broadcast.ts";
import type { Claim } from "./claim.ts";
import { type FramePublisher, publishFrames } from "./publish-frames.ts";
import { eventsAnswer, type SharedAnswer, wholeAnswer } from "./shared-work.ts";
import { encodeStoredAnswer, storedBytes } from "./stored-answer.ts";

export interface Making {
  /** Of this process on the answer. Undefined: nobody waits for it elsewhere. */
  readonly claim?: Claim | undefined;
  /** Nothing more will come of it. Called once. */
  onEnd(): void;
}

export async function makeAnswer(parts: AnswerParts, question: Question, making: Making): Promise<SharedAnswer> {
  const { claim } = making;
  const giveUp = (): void => {
    making.onEnd();
    if (claim !== undefined) parts.behind(claim.release("broken"));
  };
  const stop = new AbortController();
  const work = workForAll(question.work, stop.signal);
  try {
    const result = await parts.inner(work);
    const { answeredBy } = work.journal;
    const isOwn = answeredBy === undefined || answeredBy.version.digest === work.version.digest;
    const facts = { origin: "made" as const, ...(answeredBy && { answeredBy }) };
    if (result.type !== "generation") {
      if (isOwn) parts.behind(afterwards(parts, () => keep(parts, question, [wholeFrame(result)], making)));
      else giveUp();
      return { ...facts, ...wholeAnswer(result) };
    }
    const store = storeFor(parts, question);
    const publisher = isOwn && claim && store ? publishFrames(store, claim) : undefined;
    // A stand-in's answer is nobody's but its callers': others get to ask for themselves.
    if (!isOwn && claim !== undefined) parts.behind(claim.release("broken"));
    const frames: Uint8Array[] = [];
    const ended = Promise.withResolvers<unknown>();
    parts.behind(ended.promise);
    const events = broadcast(recorded(result.events, frames, publisher), ({ type }) => {
      if (type === "ended" && isOwn) ended.resolve(keep(parts, question, frames, making, publisher));
      else {
        making.onEnd();
        ended.resolve(isOwn ? claim?.release("broken") : undefined);
      }
      if (type === "abandoned") stop.abort();
    });
    return { ...facts, ...eventsAnswer(events.reader) };
  } catch (error) {
    giveUp();
    throw error;
  }
}

/**
 * As the model sees it: it does not stop because the first of its callers leaves. The journal is the first caller's own, which
 * tells of every attempt.
 */
const workForAll = (work: Work, signal: AbortSignal): Work => ({ ...work, context: { ...work.context, signal } });

async function* recorded(
  events: AsyncIterable<GenerationEvent>,
  frames: Uint8Array[],
  publisher: FramePublisher | undefined,
): AsyncGenerator<GenerationEvent> {
  for await (const event of events) {
    const bytes = eventFrame(event);
    frames.push(bytes);
    publisher?.add(bytes);
    yield event;
  }
}

/** After what is under way: the caller's answer is written first. */
const afterwards = ({ clock }: AnswerParts, work: () => Promise<void>): Promise<void> =>
  new Promise((resolve) => {
    clock.after(0, () => resolve(work()));
  });

/** At once in memory, behind the answer elsewhere: first the answer, then the end of its stream and of the claim. */
async function keep(
  parts: AnswerParts,
  question: Question,
  frames: readonly Uint8Array[],
  { claim, onEnd }: Making,
  publisher?: FramePublisher,
): Promise<void> {
  const { name, policy } = question;
  const answer = { frames, madeAtMillis: parts.clock.epochMillis() };
  const store = storeFor(parts, question);
  const bytes = store && encodeStoredAnswer(name.key, answer);
  const isKept = (bytes?.length ?? storedBytes(frames)) <= policy.maxBytes;
  if (isKept) parts.memory.put(name.text, answer, policy.ttlMillis);
  onEnd();
  if (store === undefined || bytes === undefined) return;
  if (isKept) await store.tell((shared) => shared.put(name.text, bytes, policy.ttlMillis));
  await publisher?.end();
  await claim?.release("complete");
}
