/** A generation that ends where its budget does. */
import type { FarthingError } from "../errors.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { Account } from "./account.ts";
import { accountedEvents } from "./accounted-events.ts";
import { begun } from "./begun.ts";
import { budgetReached, type Charging } from "./charging.ts";
import type { Clock } from "./clock.ts";

/**
 * The events, charged as they pass; the first one is there. At the end of the budget a stream ends with an error; an answer
 * that is collected first ends as one that was told to be short, since nothing of it would reach its payer otherwise.
 */
export function budgetedEvents(
  events: AsyncIterable<GenerationEvent>,
  { account, charging, streams, clock }: { account: Account; charging: Charging; streams: boolean; clock: Clock },
): Promise<AsyncIterable<GenerationEvent>> {
  const unfinished = new Set<number>();
  const watched = watchedChoices(events, unfinished);
  return begun(
    accountedEvents(
      watched,
      {
        onUsage: charging.spend,
        onReached() {
          if (streams || account.usage.outputTokens === 0) throw budgetReached();
          return [...[...unfinished].map(cutShort), { type: "finish", usage: account.usage }];
        },
        onEnd(failure?: FarthingError) {
          account.failure = failure;
          // What is collected is charged with the length of its body, once that is known.
          if (streams) charging.settle(failure === undefined ? "answered" : "failed");
        },
      },
      clock,
    ),
  );
}

const cutShort = (choice: number): GenerationEvent => ({
  type: "text-finish",
  choice,
  reason: "length",
  outputTokens: 0,
});

async function* watchedChoices(
  events: AsyncIterable<GenerationEvent>,
  unfinished: Set<number>,
): AsyncGenerator<GenerationEvent> {
  for await (const event of events) {
    yield event;
    if (event.type === "text-start") unfinished.add(event.choice);
    else if (event.type === "text-finish") unfinished.delete(event.choice);
  }
}
