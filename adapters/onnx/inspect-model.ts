/** Looks at a model as a function will: does it load, does it fit its card, does it answer? Used before a version is published. */
import { isFarthingError } from "../../core/errors.ts";
import type { ModelCard } from "../../core/models/card.ts";
import type { InferenceResult } from "../../core/protocols/spec/inference.ts";
import type { ModelSignature } from "../../core/protocols/spec/signature.ts";
import type { Tensor } from "../../core/protocols/spec/tensor.ts";
import type { InferenceContext } from "../../core/serving/target.ts";
import { systemClock } from "../system-clock.ts";
import { shortGeneration } from "./generates-alike.ts";
import { type LoadedModel, loadModel } from "./load-model.ts";
import { sampleInputs } from "./tasks/sample-inputs.ts";
import { textInputs } from "./tasks/text-inputs.ts";

const CONTEXT: InferenceContext = { requestId: "inspection", deadlineMillis: Number.POSITIVE_INFINITY };

/**
 * What callers of the model send and get. Throws an Error that says what does not load, or does not match the card.
 * Text models answer a short text, and as long a one as the card promises; a model with a tokenizer goes on from a word; a
 * tensor model's inputs cannot be guessed.
 */
export async function inspectModel(directory: string, card: ModelCard): Promise<ModelSignature> {
  const model = await loadModel(directory, card, { threads: 1 }, systemClock);
  try {
    if (textInputs(card.task, []) !== undefined) {
      await model.probe();
      await tryTexts(model, card);
    }
    if (card.task === "text-generation" && card.artifacts.tokenizer !== undefined) await tryGeneration(model);
    const sample = sampleInputs(card.task);
    if (sample !== undefined) await tryInputs(model, card, sample, `a made-up ${sample[0]?.name}`);
    return model.signature;
  } finally {
    await model.release();
  }
}

/** A graph that is laid out in another way serves as one of tensors: its callers are told why. */
async function tryGeneration(model: LoadedModel): Promise<void> {
  try {
    const result = await model.infer(shortGeneration(2), CONTEXT);
    if (result.type !== "generation") throw new Error(`it answered ${result.type}`);
    for await (const _ of result.events);
  } catch (error) {
    if (isFarthingError(error) && error.code === "unsupported_task") return;
    throw new Error(`the model does not go on from a text: ${(error as Error).message}`, { cause: error });
  }
}

async function tryTexts(model: LoadedModel, card: ModelCard): Promise<void> {
  const maxTokens = card.text?.maxTokens ?? 1;
  const one = await tryText(model, card, wordsOf(1), "a text of one word");
  const two = await tryText(model, card, wordsOf(2), "a text of two words");
  const most = 1 + Math.floor((maxTokens - one) / Math.max(1, two - one));
  await tryText(model, card, wordsOf(most), `a text of ${maxTokens} tokens (text.maxTokens)`);
}

const wordsOf = (count: number): string => new Array(count).fill("hello").join(" ");

const tryText = (model: LoadedModel, card: ModelCard, text: string, what: string): Promise<number> =>
  tryInputs(model, card, textInputs(card.task, [text]) ?? [], what);

/** Answers how many tokens they had. */
async function tryInputs(
  model: LoadedModel,
  card: ModelCard,
  inputs: readonly Tensor[],
  what: string,
): Promise<number> {
  let result: InferenceResult;
  try {
    result = await model.infer({ type: "tensors", inputs }, CONTEXT);
  } catch (error) {
    throw new Error(`the model does not answer ${what}: ${(error as Error).message}`, { cause: error });
  }
  if (result.type !== "tensors") throw new Error(`the model answered ${what} with ${result.type}, not with tensors`);
  for (const [index, { name, data, shape }] of result.outputs.entries()) {
    const expected = model.signature.outputs[index]?.shape.at(-1) ?? -1;
    const received = shape.at(-1) as number;
    if (shape.length === 2 && expected !== -1 && expected !== received) {
      throw new Error(`"${name}" has ${received} values per text; the card of ${card.name} says ${expected}`);
    }
    if (data instanceof Float32Array && !data.every(Number.isFinite)) {
      throw new Error(`"${name}" is not finite for ${what}: ${[...data.slice(0, 4)].join(", ")}, …`);
    }
  }
  return result.usage.inputTokens;
}
