/** A generation's stream of events as the whole answer that it amounts to. */
import type { FinishReason, GenerationEvent, TokenLogprobs } from "../../spec/generation.ts";
import type { InferenceUsage } from "../../spec/inference.ts";

export interface CollectedChoice {
  readonly text: string;
  readonly tokens: readonly TokenLogprobs[];
  readonly reason: FinishReason;
}

export interface CollectedGeneration {
  readonly choices: readonly CollectedChoice[];
  readonly usage: InferenceUsage;
}

/** Throws what the stream throws, and an Error for a stream that ends without `finish`. */
export async function collect(events: AsyncIterable<GenerationEvent>): Promise<CollectedGeneration> {
  const texts: string[] = [];
  const tokens: TokenLogprobs[][] = [];
  const reasons: FinishReason[] = [];
  for await (const event of events) {
    switch (event.type) {
      case "start":
        break;
      case "text-start":
        texts[event.choice] = "";
        tokens[event.choice] = [];
        break;
      case "text-delta":
        texts[event.choice] += event.text;
        tokens[event.choice]?.push(...(event.tokens ?? []));
        break;
      case "text-finish":
        reasons[event.choice] = event.reason;
        break;
      case "finish":
        return {
          choices: texts.map((text, choice) => ({
            text,
            tokens: tokens[choice] as TokenLogprobs[],
            reason: reasons[choice] as FinishReason,
          })),
          usage: event.usage,
        };
    }
  }
  throw new Error("the generation ended without its last event");
}
