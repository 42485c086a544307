/** One answer, found or made for everybody in this process who asks for it at the same time. */
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { InferenceResult, WholeResult } from "../protocols/spec/inference.ts";
import type { Journal } from "../serving/work.ts";
import type { KeptAnswer } from "./answer-frames.ts";

export interface SharedAnswer {
  /** `kept`: found ready. `made`: by this process. `awaited`: another process made it meanwhile. */
  readonly origin: "kept" | "made" | "awaited";
  /** What answered, where that is not simply the version that was asked. */
  readonly answeredBy?: NonNullable<Journal["answeredBy"]>;
  /** For one more reader. */
  open(): InferenceResult;
}

export const wholeAnswer = (result: WholeResult): Pick<SharedAnswer, "open"> => ({ open: () => result });

export const eventsAnswer = (reader: () => AsyncIterable<GenerationEvent>): Pick<SharedAnswer, "open"> => ({
  open: () => ({ type: "generation", events: reader() }),
});

export const keptAnswer = (kept: KeptAnswer): SharedAnswer => ({
  origin: "kept",
  ...(kept.type === "whole" ? wholeAnswer(kept.result) : eventsAnswer(() => replayed(kept.events))),
});

async function* replayed(events: readonly GenerationEvent[]): AsyncGenerator<GenerationEvent> {
  yield* events;
}
