import type { ModelCard } from "../../core/models/card.ts";

/** The files of a version that answering needs; evaluation data, licences and the like stay where they are. */
export function servingFiles({ artifacts }: ModelCard): readonly string[] {
  const { model, externalData = [], tokenizer, tokenizerConfig, config, generationConfig } = artifacts;
  return [model, ...externalData, tokenizer, tokenizerConfig, config, generationConfig].filter(
    (path) => path !== undefined,
  );
}
