/** Models that generate, loaded as a function loads them. */
import { type LoadedModel, loadModel } from "../../../../adapters/onnx/load-model.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import type { ModelCard } from "../../../../core/models/card.ts";
import { collect } from "../../../../core/protocols/openai/generation/collected-choices.ts";
import type { GenerationEvent, GenerationInference } from "../../../../core/protocols/spec/generation.ts";
import { GREEDY } from "../../../../core/protocols/spec/sampling.ts";
import type { InferenceContext } from "../../../../core/serving/target.ts";

export const generatorCard = (artifacts: ModelCard["artifacts"], maxTokens: number): ModelCard => ({
  schema: "farthing.card/1",
  name: "generator",
  description: "A language model under test.",
  task: "text-generation",
  license: "MIT",
  artifacts,
  placement: { kind: "function", group: "small" },
  text: { maxTokens },
  price: {},
});

export const load = (folder: string, card: ModelCard): Promise<LoadedModel> =>
  loadModel(folder, card, { threads: 1 }, systemClock);

export const CONTEXT: InferenceContext = { requestId: "request-1", deadlineMillis: Number.POSITIVE_INFINITY };

export const text = (prompt: string): Pick<GenerationInference, "prompts"> => ({
  prompts: [{ type: "text", text: prompt }],
});

export async function eventsOf(
  model: LoadedModel,
  request: Partial<GenerationInference>,
  context = CONTEXT,
): Promise<AsyncIterable<GenerationEvent>> {
  const whole = { type: "generation", prompts: [], choices: 1, sampling: GREEDY, stop: [], ...request } as const;
  const result = await model.infer(whole, context);
  if (result.type !== "generation") throw new Error(`answered ${result.type}`);
  return result.events;
}

export async function generated(model: LoadedModel, request: Partial<GenerationInference>, context = CONTEXT) {
  return collect(await eventsOf(model, request, context));
}
