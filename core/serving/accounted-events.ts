/** A generation as it passes: what it has cost so far is known after every event, also to a stream that nobody reads to its end. */
import { asFarthingError, type FarthingError } from "../errors.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";
import type { Clock } from "./clock.ts";

export interface EventAccount {
  /** All that is used with the event that is about to go out; false: it may not go, there is no budget for it. */
  onUsage(usage: InferenceUsage): boolean | Promise<boolean>;
  /** After the last event, or an error: nothing more is used. */
  onEnd(failure?: FarthingError): void;
  /** The end of what the budget did not cover: an error, or the events that make a short answer of it. */
  onReached(): readonly GenerationEvent[];
}

export async function* accountedEvents(
  events: AsyncIterable<GenerationEvent>,
  account: EventAccount,
  clock: Clock,
): AsyncGenerator<GenerationEvent> {
  let usage: InferenceUsage = { inputTokens: 0, outputTokens: 0, inferenceMillis: 0 };
  let waitingSince = clock.monotonicMillis();
  try {
    for await (const event of events) {
      const waited = clock.monotonicMillis() - waitingSince;
      usage = event.type === "finish" ? event.usage : added(usage, event, waited);
      const covered = account.onUsage(usage);
      if (!(covered instanceof Promise ? await covered : covered)) {
        yield* account.onReached();
        account.onEnd();
        return;
      }
      if (event.type === "finish") account.onEnd();
      yield event;
      waitingSince = clock.monotonicMillis();
    }
  } catch (thrown) {
    const failure = asFarthingError(thrown);
    account.onEnd(failure);
    throw failure;
  }
}

/** Until the model itself says how long it worked, the time that we waited for it stands for that. */
function added(usage: InferenceUsage, event: GenerationEvent, waitedMillis: number): InferenceUsage {
  const inferenceMillis = usage.inferenceMillis + waitedMillis;
  switch (event.type) {
    case "start":
      return {
        ...usage,
        inputTokens: event.inputTokens,
        inferenceMillis,
        ...(event.estimated && { estimated: event.estimated }),
      };
    case "text-delta":
    case "reasoning-delta":
    case "tool-call-start":
    case "tool-call-delta":
    case "text-finish":
      return { ...usage, outputTokens: usage.outputTokens + event.outputTokens, inferenceMillis };
    default:
      return { ...usage, inferenceMillis };
  }
}
