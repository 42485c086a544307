import type { ModelCard } from "../../../core/models/card.ts";
import { MODERATION_OUTPUTS } from "../../../core/models/task-signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";

export type Moderate = (scores: Float32Array) => readonly Tensor[];

/** What the card's moderation says of rows of scores; nothing where the card has none. */
export function moderationOf({ moderation, text }: ModelCard): Moderate {
  const thresholds = Object.entries(moderation?.thresholds ?? {});
  if (thresholds.length === 0) return () => [];
  const labels = text?.labels ?? [];
  const columns = thresholds.map(([label, threshold]) => ({ at: labels.indexOf(label), threshold }));
  const categories = thresholds.map(([label]) => label);

  return (scores) => {
    const rows = scores.length / labels.length;
    const shape = [rows, columns.length];
    const chosen = new Float32Array(rows * columns.length);
    const flags = new Uint8Array(chosen.length);
    for (let row = 0; row < rows; row++) {
      for (const [column, { at, threshold }] of columns.entries()) {
        const score = scores[row * labels.length + at] as number;
        chosen[row * columns.length + column] = score;
        if (score >= threshold) flags[row * columns.length + column] = 1;
      }
    }
    return [
      { name: MODERATION_OUTPUTS.categories, dataType: "BYTES", shape: [categories.length], data: categories },
      { name: MODERATION_OUTPUTS.scores, dataType: "FP32", shape, data: chosen },
      { name: MODERATION_OUTPUTS.flags, dataType: "BOOL", shape, data: flags },
    ];
  };
}
