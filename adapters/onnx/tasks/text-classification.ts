/** Texts → labels: the best one, its score, and the scores of all; and what the card's moderation makes of them. */
import { TEXT_INPUT } from "../../../core/models/task-signature.ts";
import { floatsOf } from "../text/float-output.ts";
import { runBatches } from "../text/run-batches.ts";
import { sigmoid, softmax } from "../text/scores.ts";
import { textGraph } from "../text/text-graph.ts";
import { tensorsOnly, textInput } from "../text/text-input.ts";
import { tokenRows } from "../text/token-rows.ts";
import { bestLabelOutputs } from "./best-label.ts";
import { chosenOutputs } from "./chosen-outputs.ts";
import { moderationOf } from "./moderation.ts";
import type { TaskFactory } from "./task.ts";
import { logitsOutput, textParts } from "./text-parts.ts";

export const textClassification: TaskFactory = (parts) => {
  const { card, graph, clock } = parts;
  const { tokenizer, text } = textParts(parts);
  const { maxTokens, labels = [] } = text;
  const reader = textGraph(graph, tokenizer.paddingId, maxTokens);
  const run = { graph, textGraph: reader, output: logitsOutput(graph, labels.length), clock };
  const score = text.multiLabel ? sigmoid : softmax;
  const moderate = moderationOf(card);

  return {
    async infer(request, context) {
      const work = tensorsOnly(request, card.name, "classifies texts; it makes no embeddings");
      const { texts, placeOf } = textInput(work, TEXT_INPUT);
      const rules = { tokenizer, maxTokens, truncate: work.parameters?.truncate, fieldOf: placeOf };
      const rows = tokenRows(texts, rules);
      const scores = new Float32Array(rows.length * labels.length);
      const usage = await runBatches(rows, run, context, ({ position, row }, output) => {
        const logits = floatsOf(output);
        score(logits, row * labels.length, scores.subarray(position * labels.length, (position + 1) * labels.length));
      });
      const outputs = [...bestLabelOutputs(scores, labels), ...moderate(scores)];
      return { type: "tensors", outputs: chosenOutputs(outputs, work), usage };
    },
  };
};
