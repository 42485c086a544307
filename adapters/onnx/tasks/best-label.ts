import { LABEL_OUTPUT, SCORE_OUTPUT, SCORES_OUTPUT } from "../../../core/models/task-signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";

/** Of rows of scores, `labels.length` each: the best label, its score, and all scores. */
export function bestLabelOutputs(scores: Float32Array, labels: readonly string[]): readonly Tensor[] {
  const width = labels.length;
  const count = scores.length / width;
  const best = Array.from({ length: count }, (_, row) => indexOfLargest(scores, row * width, width));
  const bestScores = Float32Array.from(best, (label, row) => scores[row * width + label] as number);
  return [
    { name: LABEL_OUTPUT, dataType: "BYTES", shape: [count], data: best.map((label) => labels[label] as string) },
    { name: SCORE_OUTPUT, dataType: "FP32", shape: [count], data: bestScores },
    { name: SCORES_OUTPUT, dataType: "FP32", shape: [count, width], data: scores },
  ];
}

export function indexOfLargest(values: ArrayLike<number>, start: number, length: number): number {
  let best = 0;
  for (let at = 1; at < length; at++) if ((values[start + at] as number) > (values[start + best] as number)) best = at;
  return best;
}
