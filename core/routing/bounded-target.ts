/**
 * A target that takes so many requests at once, and refuses the next one as `overloaded`: it then goes to the model's next
 * target, from one's own hardware to the cloud, and back as soon as there is room. A request counts until its answer is read or left.
 */
import { FarthingError } from "../errors.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { InferenceResult } from "../protocols/spec/inference.ts";
import type { Target } from "../serving/target.ts";

export function boundedTarget(target: Target, maxConcurrent: number): Target {
  let running = 0;
  const release = (): void => {
    running--;
  };
  return {
    ...target,
    async infer(model, version, request, context) {
      if (running >= maxConcurrent) {
        const message = `What serves the model "${model.name}" has ${maxConcurrent} requests under way, as many as it takes.`;
        throw new FarthingError("overloaded", message, { retryAfterSeconds: 1 });
      }
      running++;
      let result: InferenceResult;
      try {
        result = await target.infer(model, version, request, context);
      } catch (error) {
        release();
        throw error;
      }
      if (result.type === "generation") return { ...result, events: untilOver(result.events, release) };
      release();
      return result;
    },
  };
}

/** Not a generator: one that was never asked for an element does not learn that nobody will. */
function untilOver(events: AsyncIterable<GenerationEvent>, onOver: () => void): AsyncIterable<GenerationEvent> {
  const iterator = events[Symbol.asyncIterator]();
  let isOver = false;
  const over = (): void => {
    if (!isOver) onOver();
    isOver = true;
  };
  const reader: AsyncIterator<GenerationEvent> = {
    async next() {
      try {
        const result = await iterator.next();
        if (result.done) over();
        return result;
      } catch (error) {
        over();
        throw error;
      }
    },
    async return() {
      over();
      await iterator.return?.();
      return { value: undefined, done: true };
    },
  };
  return { [Symbol.asyncIterator]: () => reader };
}
