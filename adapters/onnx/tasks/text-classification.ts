/** Texts → labels: the best one, its score, and the scores of all. */
import { FarthingError } from "../../../core/errors.ts";
import { LABEL_OUTPUT, SCORE_OUTPUT, SCORES_OUTPUT } from "../../../core/models/task-signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import { floatsOf } from "../text/float-output.ts";
import { runBatches } from "../text/run-batches.ts";
import { textGraph } from "../text/text-graph.ts";
import { textsOf, tokenRows } from "../text/token-rows.ts";
import { sigmoid, softmax } from "../text/scores.ts";
import { logitsOutput, textParts } from "./text-parts.ts";
import type { TaskFactory } from "./task.ts";

export const textClassification: TaskFactory = (parts) => {
  const { card, graph, clock } = parts;
  const { tokenizer, text } = textParts(parts);
  const labels = text.labels ?? [];
  const reader = textGraph(graph, tokenizer.paddingId, text.maxTokens);
  const run = { graph, textGraph: reader, output: logitsOutput(graph, labels.length), clock };
  const score = text.multiLabel ? sigmoid : softmax;

  return {
    async infer(request, context) {
      if (request.type !== "tensors") {
        throw new FarthingError("unsupported_task", `Model "${card.name}" classifies texts; it makes no embeddings.`);
      }
      const fieldOf = (position: number) => `inputs[0].data[${position}]`;
      const rows = tokenRows(textsOf(request), { tokenizer, maxTokens: text.maxTokens, fieldOf });
      const scores = new Float32Array(rows.length * labels.length);
      const usage = await runBatches(rows, run, context, ({ position, row }, output) => {
        const logits = floatsOf(output);
        score(logits, row * labels.length, scores.subarray(position * labels.length, (position + 1) * labels.length));
      });
      const outputs = answer(scores, labels).filter(({ name }) => request.outputs?.includes(name) ?? true);
      return { type: "tensors", outputs, usage };
    },
  };
};

function answer(scores: Float32Array, labels: readonly string[]): readonly Tensor[] {
  const count = scores.length / labels.length;
  const best = Array.from({ length: count }, (_, row) => indexOfLargest(scores, row * labels.length, labels.length));
  const bestScores = Float32Array.from(best, (label, row) => scores[row * labels.length + label] as number);
  return [
    { name: LABEL_OUTPUT, dataType: "BYTES", shape: [count], data: best.map((label) => labels[label] as string) },
    { name: SCORE_OUTPUT, dataType: "FP32", shape: [count], data: bestScores },
    { name: SCORES_OUTPUT, dataType: "FP32", shape: [count, labels.length], data: scores },
  ];
}

function indexOfLargest(values: Float32Array, start: number, length: number): number {
  let best = 0;
  for (let at = 1; at < length; at++) if ((values[start + at] as number) > (values[start + best] as number)) best = at;
  return best;
}
