import type { Graph } from "../graph.ts";
import { textGraph } from "./text-graph.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Runs the graph with the largest token id that the tokenizer may give. Throws an Error when its table of embeddings does
 * not reach that far: tokenizer and model are not of one kind, and the first text with such a token would fail.
 */
export async function probeVocabulary(graph: Graph, tokenizer: Tokenizer): Promise<void> {
  const id = tokenizer.largestId();
  try {
    await graph.run(textGraph(graph, tokenizer.paddingId, 1).assemble([[id]]).inputs);
  } catch (error) {
    throw new Error(
      `the tokenizer does not fit the model: it gives token ids up to ${id}, which the graph refuses (${(error as Error).message})`,
      { cause: error },
    );
  }
}
