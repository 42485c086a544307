import type { ModelCard } from "../../../core/models/card.ts";
import { embedding } from "./embedding.ts";
import type { TaskFactory } from "./task.ts";
import { tensors } from "./tensors.ts";
import { textClassification } from "./text-classification.ts";

/** Every task of a card and what runs it. A causal language model in a function shows its own tensors: one step per request. */
export const TASKS: Readonly<Record<ModelCard["task"], TaskFactory>> = {
  tensor: tensors,
  "text-classification": textClassification,
  embedding,
  "text-generation": tensors,
};
