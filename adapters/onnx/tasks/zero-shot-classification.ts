/**
 * Texts and labels that nobody trained for → scores. A natural language inference model says how far "This example is
 * {label}." follows from the text: https://arxiv.org/abs/1909.00161. Scores as transformers' pipeline makes them.
 */
import { FarthingError } from "../../../core/errors.ts";
import { entailmentIndex } from "../../../core/models/entailment.ts";
import { CANDIDATES_INPUT, TEXT_INPUT } from "../../../core/models/task-signature.ts";
import { floatsOf } from "../text/float-output.ts";
import { pairRows } from "../text/pair-rows.ts";
import { runBatches } from "../text/run-batches.ts";
import { softmax } from "../text/scores.ts";
import { textGraph } from "../text/text-graph.ts";
import { tensorsOnly, textInput } from "../text/text-input.ts";
import { refuseTooMany } from "../text/token-rows.ts";
import { bestLabelOutputs } from "./best-label.ts";
import { chosenOutputs } from "./chosen-outputs.ts";
import type { TaskFactory } from "./task.ts";
import { logitsOutput, textParts } from "./text-parts.ts";

export const DEFAULT_HYPOTHESIS = "This example is {}.";

export const zeroShotClassification: TaskFactory = (parts) => {
  const { card, graph, clock } = parts;
  const { tokenizer, text } = textParts(parts);
  const classes = text.labels ?? [];
  const entailment = entailmentIndex(classes);
  if (entailment === -1) throw new Error(`none of text.labels is "entailment": ${classes.join(", ")}`);
  const contradiction = classes.findIndex((label) => /^contradict/i.test(label));
  const reader = textGraph(graph, tokenizer.paddingId, text.maxTokens);
  const run = { graph, textGraph: reader, output: logitsOutput(graph, classes.length), clock };

  return {
    async infer(request, context) {
      const work = tensorsOnly(request, card.name, "classifies texts; it makes no embeddings");
      const { texts, placeOf } = textInput(work, TEXT_INPUT);
      const candidates = textInput(work, CANDIDATES_INPUT);
      const labels = candidates.texts;
      refuseTooMany(texts.length * labels.length, "pairs of text and label", placeOf(0));
      const template = hypothesisTemplate(work.parameters?.hypothesisTemplate ?? text.hypothesisTemplate);
      const { rows, secondFrom } = pairRows(
        texts.map((one, position) => ({ text: one, place: placeOf(position) })),
        labels.map((label, position) => ({ text: template(label), place: candidates.placeOf(position) })),
        texts.flatMap((_, row) => labels.map((_, label) => [row, label] as const)),
        { tokenizer, maxTokens: text.maxTokens, truncate: work.parameters?.truncate ? "first" : undefined },
      );
      const entailments = new Float32Array(rows.length);
      const alone = new Float32Array(rows.length);
      const usage = await runBatches(rows, { ...run, secondFrom }, context, ({ position, row }, output) => {
        const logits = floatsOf(output);
        const start = row * classes.length;
        entailments[position] = logits[start + entailment] as number;
        alone[position] = shareOfEntailment(logits, start, classes.length, entailment, contradiction);
      });
      // Beside no other label, one would always have the whole.
      const eachAlone = work.parameters?.multiLabel === true || labels.length === 1;
      const scores = eachAlone ? alone : sharesPerText(entailments, labels.length);
      return { type: "tensors", outputs: chosenOutputs(bestLabelOutputs(scores, labels), work), usage };
    },
  };
};

/** Entailment against contradiction, or against all else where no class says contradiction. */
function shareOfEntailment(
  logits: ArrayLike<number>,
  start: number,
  count: number,
  entailment: number,
  contradiction: number,
): number {
  const shares = new Float32Array(contradiction === -1 ? count : 2);
  if (contradiction === -1) {
    softmax(logits, start, shares);
    return shares[entailment] as number;
  }
  softmax([logits[start + contradiction] as number, logits[start + entailment] as number], 0, shares);
  return shares[1] as number;
}

function sharesPerText(entailments: Float32Array, labels: number): Float32Array {
  const scores = new Float32Array(entailments.length);
  for (let start = 0; start < scores.length; start += labels) {
    softmax(entailments, start, scores.subarray(start, start + labels));
  }
  return scores;
}

function hypothesisTemplate(template = DEFAULT_HYPOTHESIS): (label: string) => string {
  const [before = "", after, ...more] = template.split("{}");
  if (after !== undefined && more.length === 0) return (label) => `${before}${label}${after}`;
  const field = "parameters.hypothesis_template";
  throw new FarthingError("invalid_field", `${field} must hold {} for the label, once.`, { field });
}
