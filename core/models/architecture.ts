/**
 * The numbers of a decoder of the Llama family (Llama, Qwen2, Qwen3, Mistral) as its config.json states them, and what
 * follows from them: how many weights it has, and how much memory one token of context takes.
 */
import * as z from "zod";

const count = z.int().min(1);

export const architectureSchema = z.strictObject({
  /** `hidden_size`. */
  hiddenSize: count,
  /** `num_hidden_layers`. */
  layers: count,
  /** `num_attention_heads`. */
  attentionHeads: count,
  /** `num_key_value_heads`: fewer than attention heads where these share keys and values (grouped-query attention). */
  keyValueHeads: count,
  /** `head_dim`; where config.json has none, `hidden_size` / `num_attention_heads`. */
  headSize: count,
  /** `intermediate_size`. */
  intermediateSize: count,
  /** `vocab_size`. */
  vocabularySize: count,
  /** `max_position_embeddings`: the longest context the model was made for, in tokens. */
  maxPositions: count,
  /** `tie_word_embeddings`: the output layer is the input table. */
  tiedEmbeddings: z.boolean(),
  /** Whether queries, keys and values have a bias (Qwen2). Default false. */
  attentionBias: z.boolean().optional(),
  /** Whether queries and keys are normalised by a weight of their own (Qwen3). Default false. */
  queryKeyNorm: z.boolean().optional(),
});

export type Architecture = z.infer<typeof architectureSchema>;

/** Of both tables where the output has one of its own. They stay at 16 bits when the layers are quantised. */
export const embeddingParameters = ({ vocabularySize, hiddenSize, tiedEmbeddings }: Architecture): number =>
  vocabularySize * hiddenSize * (tiedEmbeddings ? 1 : 2);

/** Matrices and norms of all layers, and the last norm. */
export function layerParameters(architecture: Architecture): number {
  const { hiddenSize, attentionHeads, keyValueHeads, headSize, intermediateSize, layers } = architecture;
  const queryKeyValueWidth = (attentionHeads + 2 * keyValueHeads) * headSize;
  const attention = hiddenSize * queryKeyValueWidth + attentionHeads * headSize * hiddenSize;
  const gateUpDown = 3 * hiddenSize * intermediateSize;
  const norms = 2 * hiddenSize + (architecture.queryKeyNorm ? 2 * headSize : 0);
  const bias = architecture.attentionBias ? queryKeyValueWidth : 0;
  return layers * (attention + gateUpDown + norms + bias) + hiddenSize;
}

export const parameters = (architecture: Architecture): number =>
  embeddingParameters(architecture) + layerParameters(architecture);

/** Keys and values of one token, over all layers. */
export const keyValueBytesPerToken = (
  { layers, keyValueHeads, headSize }: Architecture,
  bytesPerValue: number,
): number => 2 * layers * keyValueHeads * headSize * bytesPerValue;
