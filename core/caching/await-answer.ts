/** Another process is making the answer: it is read from there as it comes, and made here should that process be gone. */
import { FarthingError } from "../errors.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import { begun } from "../serving/begun.ts";
import { eventFrame, readAnswer, readEventFrame } from "./answer-frames.ts";
import { isYoung } from "./answer-memory.ts";
import type { AnswerParts, Question } from "./answer-parts.ts";
import type { BoundedStore } from "./bounded-store.ts";
import { broadcast } from "./broadcast.ts";
import { followFrames, LeaderGone } from "./follow-frames.ts";
import { eventsAnswer, type SharedAnswer, wholeAnswer } from "./shared-work.ts";

export interface Awaiting {
  readonly store: BoundedStore;
  /** Of the process that makes it. */
  readonly token: string;
  onEnd(): void;
}

/** Undefined: nothing came, and somebody else may make it. */
export async function awaitAnswer(
  parts: AnswerParts,
  question: Question,
  { store, token, onEnd }: Awaiting,
): Promise<SharedAnswer | undefined> {
  const { work, policy, name } = question;
  const { clock, memory } = parts;
  const now = clock.epochMillis();
  const generates = work.request.type === "generation";
  const frames: Uint8Array[] = [];
  const source = followFrames(store, {
    name,
    token,
    streams: generates,
    isYoungEnough: (madeAtMillis) => isYoung(madeAtMillis, clock.epochMillis(), policy.maxAgeMillis),
    firstFrameUntilMillis: now + (work.context.deadlineMillis - now) / 2,
    clock,
  });

  /** What came whole from elsewhere is as good here. It was made after this request came. */
  function keepHere(): void {
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    if (bytes <= policy.maxBytes) memory.put(name.text, { frames, madeAtMillis: now }, policy.ttlMillis);
  }

  try {
    if (!generates) {
      for await (const frame of source) frames.push(frame);
      const kept = readAnswer(frames, work.request.type);
      if (kept?.type !== "whole") return undefined;
      keepHere();
      onEnd();
      return { origin: "awaited", ...wholeAnswer(kept.result) };
    }
    const first = await begun(source);
    const events = broadcast(eventsOf(first, frames, parts, question), ({ type }) => {
      if (type === "ended") keepHere();
      onEnd();
    });
    return { origin: "awaited", ...eventsAnswer(events.reader) };
  } catch (error) {
    if (error instanceof LeaderGone) return undefined;
    throw error;
  }
}

/**
 * Should its maker be lost in the middle, the answer is made again, and goes on where the first one stopped: the same question
 * has the same answer. Where it has not, the stream breaks.
 */
async function* eventsOf(
  source: AsyncIterable<Uint8Array>,
  frames: Uint8Array[],
  { inner }: AnswerParts,
  { work }: Question,
): AsyncGenerator<GenerationEvent> {
  try {
    for await (const frame of source) {
      const event = readEventFrame(frame);
      frames.push(frame);
      yield event;
      if (event.type === "finish") return;
    }
  } catch {
    // Gone, or damaged on the way: what was read until here is whole.
  }
  const seen = frames.length;
  const result = await inner(work);
  if (result.type !== "generation") throw brokenOff(new Error(`a ${result.type} instead of a generation`));
  let position = 0;
  for await (const event of result.events) {
    const frame = eventFrame(event);
    if (position >= seen) {
      frames.push(frame);
      yield event;
    } else if (Buffer.compare(frame, frames[position] as Uint8Array) !== 0) {
      throw brokenOff(new Error("the answer that was made again is another one"));
    }
    position++;
  }
}

const brokenOff = (cause: unknown): FarthingError =>
  new FarthingError("dependency_unavailable", "The process that made the answer was lost before its end.", { cause });
