/** The model of the decode and generation benches, as a card. */
import type { ModelCard } from "../../core/models/card.ts";
import type { Sampling } from "../../core/protocols/spec/generation.ts";
import { GREEDY } from "../../core/protocols/spec/sampling.ts";

export const SMOLLM2_CARD: ModelCard = {
  schema: "farthing.card/1",
  name: "smollm2",
  description: "SmolLM2-135M-Instruct, 4 bit.",
  task: "text-generation",
  license: "Apache-2.0",
  artifacts: {
    model: "model.onnx",
    externalData: ["model.onnx_data"],
    tokenizer: "tokenizer.json",
    config: "config.json",
    generationConfig: "generation_config.json",
    tokenizerConfig: "tokenizer_config.json",
  },
  placement: { kind: "function", group: "small" },
  text: { maxTokens: 2_048 },
  price: {},
};

/** Never the end, so that all contenders write as many tokens: `<|endoftext|>` and `<|im_end|>`. */
export const ENDLESS: Sampling = { ...GREEDY, logitBias: { "0": -100, "2": -100 } };
