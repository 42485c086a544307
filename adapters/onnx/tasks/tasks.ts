import type { ModelCard } from "../../../core/models/card.ts";
import { embedding } from "./embedding.ts";
import { imageClassification } from "./image-classification.ts";
import { rerank } from "./rerank.ts";
import type { TaskFactory } from "./task.ts";
import { tensors } from "./tensors.ts";
import { textClassification } from "./text-classification.ts";
import { textGeneration } from "./text-generation.ts";
import { tokenClassification } from "./token-classification.ts";
import { voiceActivity } from "./voice-activity.ts";
import { zeroShotClassification } from "./zero-shot-classification.ts";

/** Every task of a card and what runs it. */
export const TASKS: Readonly<Record<ModelCard["task"], TaskFactory>> = {
  tensor: tensors,
  "text-classification": textClassification,
  "zero-shot-classification": zeroShotClassification,
  "token-classification": tokenClassification,
  embedding,
  rerank,
  "image-classification": imageClassification,
  "voice-activity": voiceActivity,
  "text-generation": textGeneration,
};
