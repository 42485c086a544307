/** What text tasks ask of a card and of a graph, with the words for when it is not so. */
import type { ModelCard } from "../../../core/models/card.ts";
import type { Graph } from "../graph.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { TaskParts } from "./task.ts";

export function textParts({ card, tokenizer }: TaskParts): {
  readonly tokenizer: Tokenizer;
  readonly text: NonNullable<ModelCard["text"]>;
} {
  if (tokenizer === undefined || card.text === undefined) {
    throw new Error(`a card of task "${card.task}" needs artifacts.tokenizer and text.maxTokens`);
  }
  return { tokenizer, text: card.text };
}

/** The output that holds one logit per label: two dimensions, the last one as long as the card's labels. */
export function logitsOutput(graph: Graph, labels: number): string {
  const candidates = graph.signature.outputs.filter(({ shape }) => shape.length === 2);
  const found = candidates.find(({ shape }) => shape[1] === labels || shape[1] === -1);
  if (found !== undefined) return found.name;
  const shapes = candidates.map(({ name, shape }) => `"${name}" [${shape.join(", ")}]`).join(", ") || "none";
  throw new Error(`text.labels has ${labels} labels; the graph's outputs with two dimensions are: ${shapes}`);
}

/** The output that holds one logit per token and label: [texts, tokens, labels]. */
export function tokenLogitsOutput(graph: Graph, labels: number): string {
  const candidates = graph.signature.outputs.filter(({ shape }) => shape.length === 3);
  const found = candidates.find(({ shape }) => shape[2] === labels || shape[2] === -1);
  if (found !== undefined) return found.name;
  const shapes = candidates.map(({ name, shape }) => `"${name}" [${shape.join(", ")}]`).join(", ") || "none";
  throw new Error(`text.labels has ${labels} labels; the graph's outputs with three dimensions are: ${shapes}`);
}

/** The output that holds one logit per row: [rows, 1] or [rows]. */
export function relevanceOutput({ signature }: Graph): string {
  const fits = (shape: readonly number[]) =>
    shape.length === 1 || (shape.length === 2 && (shape[1] === 1 || shape[1] === -1));
  const found = signature.outputs.find(({ shape }) => fits(shape));
  if (found !== undefined) return found.name;
  const shapes = signature.outputs.map(({ name, shape }) => `"${name}" [${shape.join(", ")}]`).join(", ");
  throw new Error(`task "rerank" needs an output with one logit per pair, [rows, 1]; the graph has ${shapes}`);
}

/** The output that holds vectors: per token (`rank` 3: texts, tokens, width) or per text (`rank` 2: texts, width). */
export function vectorOutput(graph: Graph, rank: 2 | 3): string {
  const preferred = rank === 3 ? "last_hidden_state" : "sentence_embedding";
  const candidates = graph.signature.outputs.filter(({ shape }) => shape.length === rank);
  const found = candidates.find(({ name }) => name === preferred) ?? candidates[0];
  if (found !== undefined) return found.name;
  const shapes = graph.signature.outputs.map(({ name, shape }) => `"${name}" [${shape.join(", ")}]`).join(", ");
  throw new Error(`text.pooling needs an output with ${rank} dimensions; the graph has ${shapes}`);
}
