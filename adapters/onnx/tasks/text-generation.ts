/**
 * A causal language model: prompts → text, and its graph's own tensors for callers who run the loop themselves. A card
 * without a tokenizer, or a graph that is laid out in another way, leaves the tensors.
 */
import { FarthingError } from "../../../core/errors.ts";
import type { GenerationInference } from "../../../core/protocols/spec/generation.ts";
import type { InferenceContext } from "../../../core/serving/target.ts";
import { createDurationLaw } from "../batching/duration-law.ts";
import { causalGraph } from "../generation/causal-graph.ts";
import { chatTemplate } from "../generation/chat-template.ts";
import { endTokens } from "../generation/end-tokens.ts";
import { type GenerationParts, generate } from "../generation/generate.ts";
import { createKeptReadings } from "../generation/kept-readings.ts";
import { type PromptRules, promptTokens } from "../generation/prompt-tokens.ts";
import { speller } from "../generation/speller.ts";
import { createSteadiness } from "../generation/steadiness.ts";
import type { TaskFactory, TaskParts } from "./task.ts";
import { tensors } from "./tensors.ts";

interface Generator {
  readonly rules: PromptRules;
  readonly parts: GenerationParts;
}

export const textGeneration: TaskFactory = (parts) => {
  const raw = tensors(parts);
  const generator = generatorOf(parts);
  return {
    async infer(request, context) {
      if (request.type !== "generation") return raw.infer(request, context);
      if (generator instanceof Error) {
        const message = `Model "${parts.card.name}" generates no text here, only tensors: ${generator.message}.`;
        throw new FarthingError("unsupported_task", message, { field: "model" });
      }
      return { type: "generation", events: events(request, generator, context) };
    },
    release() {
      if (!(generator instanceof Error)) generator.parts.kept.close();
    },
  };
};

async function* events(request: GenerationInference, { rules, parts }: Generator, context: InferenceContext) {
  yield* generate(request, await promptTokens(request, rules), parts, context);
}

/** Or the reason why there is none. */
function generatorOf({ card, graph, tokenizer, clock, files, keyValueMemory }: TaskParts): Generator | Error {
  if (tokenizer === undefined) return new Error("its card names no tokenizer");
  if (card.text === undefined) return new Error("its card has no text.maxTokens");
  try {
    const causal = causalGraph(graph, keyValueMemory);
    return {
      rules: {
        model: card.name,
        tokenizer,
        template: chatTemplate(files.tokenizerConfig),
        context: card.text.maxTokens,
        memoryTokens: () => causal.mostTokens(),
      },
      parts: {
        graph: causal,
        decode: (ids) => tokenizer.decode(ids),
        spell: speller(tokenizer),
        ends: endTokens(files, tokenizer),
        clock,
        alwaysSteady: card.text.lookahead === "always",
        kept: createKeptReadings(keyValueMemory),
        steadiness: createSteadiness(),
        law: createDurationLaw(),
      },
    };
  } catch (error) {
    return error as Error;
  }
}
