/** Looks at a model as a function will: does it load, does it fit its card, does it answer? Used before a version is published. */
import type { ModelCard } from "../../core/models/card.ts";
import { TEXT_INPUT } from "../../core/models/task-signature.ts";
import type { InferenceResult } from "../../core/protocols/spec/inference.ts";
import type { ModelSignature } from "../../core/protocols/spec/signature.ts";
import type { InferenceContext } from "../../core/serving/target.ts";
import { systemClock } from "../system-clock.ts";
import { type LoadedModel, loadModel } from "./load-model.ts";

const CONTEXT: InferenceContext = { requestId: "inspection", deadlineMillis: Number.POSITIVE_INFINITY };

/**
 * What callers of the model send and get. Throws an Error that says what does not load, or does not match the card.
 * Text models answer a short text, and as long a one as the card promises; a tensor model's inputs cannot be guessed.
 */
export async function inspectModel(directory: string, card: ModelCard): Promise<ModelSignature> {
  const model = await loadModel(directory, card, { threads: 1 }, systemClock);
  try {
    if (card.task === "embedding" || card.task === "text-classification") await tryTexts(model, card);
    return model.signature;
  } finally {
    await model.release();
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

/** Answers how many tokens the text had. */
async function tryText(model: LoadedModel, card: ModelCard, text: string, what: string): Promise<number> {
  let result: InferenceResult;
  try {
    result = await infer(model, text);
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

const infer = (model: LoadedModel, text: string): Promise<InferenceResult> =>
  model.infer({ type: "tensors", inputs: [{ name: TEXT_INPUT, dataType: "BYTES", shape: [1], data: [text] }] }, CONTEXT);
