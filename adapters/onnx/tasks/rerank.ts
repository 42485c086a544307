/** A query and documents → how well each document answers the query (a cross-encoder: both texts in one row). */
import { DOCUMENTS_INPUT, LOGIT_OUTPUT, QUERY_INPUT, SCORE_OUTPUT } from "../../../core/models/task-signature.ts";
import { floatsOf } from "../text/float-output.ts";
import { pairRows } from "../text/pair-rows.ts";
import { runBatches } from "../text/run-batches.ts";
import { sigmoid } from "../text/scores.ts";
import { textGraph } from "../text/text-graph.ts";
import { tensorsOnly, textInput } from "../text/text-input.ts";
import { refuseTooMany } from "../text/token-rows.ts";
import { chosenOutputs } from "./chosen-outputs.ts";
import type { TaskFactory } from "./task.ts";
import { relevanceOutput, textParts } from "./text-parts.ts";

export const rerank: TaskFactory = (parts) => {
  const { card, graph, clock } = parts;
  const { tokenizer, text } = textParts(parts);
  const reader = textGraph(graph, tokenizer.paddingId, text.maxTokens);
  const run = { graph, textGraph: reader, output: relevanceOutput(graph), clock };

  return {
    async infer(request, context) {
      const work = tensorsOnly(request, card.name, "ranks documents; it makes no embeddings");
      const query = textInput(work, QUERY_INPUT);
      const documents = textInput(work, DOCUMENTS_INPUT);
      refuseTooMany(documents.texts.length, "documents", documents.placeOf(0));
      const { rows, secondFrom } = pairRows(
        [{ text: query.texts[0] ?? "", place: query.placeOf(0) }],
        documents.texts.map((document, position) => ({ text: document, place: documents.placeOf(position) })),
        documents.texts.map((_, position) => [0, position]),
        { tokenizer, maxTokens: text.maxTokens, truncate: work.parameters?.truncate ? "second" : undefined },
      );
      const logits = new Float32Array(rows.length);
      const usage = await runBatches(rows, { ...run, secondFrom }, context, ({ position, row }, output) => {
        logits[position] = floatsOf(output)[row] as number;
      });
      const scores = new Float32Array(rows.length);
      sigmoid(logits, 0, scores);
      const shape = [rows.length];
      const outputs = [
        { name: SCORE_OUTPUT, dataType: "FP32", shape, data: scores },
        { name: LOGIT_OUTPUT, dataType: "FP32", shape, data: logits },
      ] as const;
      return { type: "tensors", outputs: chosenOutputs(outputs, work), usage };
    },
  };
};
