/** A generation's stream of events as the whole answer that it amounts to. */
import type { FinishReason, GenerationEvent, TokenLogprobs, ToolCall } from "../../spec/generation.ts";
import type { InferenceUsage } from "../../spec/inference.ts";

export interface CollectedChoice {
  readonly text: string;
  /** Empty: it did not think apart from its answer. */
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  readonly tokens: readonly TokenLogprobs[];
  readonly reason: FinishReason;
}

export interface CollectedGeneration {
  readonly choices: readonly CollectedChoice[];
  readonly usage: InferenceUsage;
}

/** Throws what the stream throws, and an Error for a stream that ends without `finish`. */
type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] };
type ChoiceEvent = Exclude<GenerationEvent, { readonly type: "start" | "text-start" | "finish" }>;

export async function collect(events: AsyncIterable<GenerationEvent>): Promise<CollectedGeneration> {
  const choices: Writable<CollectedChoice>[] = [];
  for await (const event of events) {
    switch (event.type) {
      case "start":
        break;
      case "text-start":
        choices[event.choice] = { text: "", reasoning: "", toolCalls: [], tokens: [], reason: "stop" };
        break;
      case "finish":
        return { choices, usage: event.usage };
      default: {
        const choice = choices[event.choice];
        if (choice === undefined) throw new Error(`${event.type} of choice ${event.choice} came before its start`);
        add(choice, event);
      }
    }
  }
  throw new Error("the generation ended without its last event");
}

function add(choice: Writable<CollectedChoice>, event: ChoiceEvent): void {
  switch (event.type) {
    case "text-delta":
      choice.text += event.text;
      if (event.tokens !== undefined) choice.tokens.push(...event.tokens);
      break;
    case "reasoning-delta":
      choice.reasoning += event.text;
      break;
    case "tool-call-start":
      choice.toolCalls[event.call] = { id: event.id, name: event.name, argumentsText: "" };
      break;
    case "tool-call-delta": {
      const call = choice.toolCalls[event.call];
      if (call === undefined) throw new Error(`arguments of call ${event.call} came before its start`);
      choice.toolCalls[event.call] = { ...call, argumentsText: call.argumentsText + event.argumentsText };
      break;
    }
    case "text-finish":
      choice.reason = event.reason;
  }
}
