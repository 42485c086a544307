/** Texts → what is named in them and where: one element per span over all texts, since texts hold different numbers of them. */
import { SPAN_OUTPUTS, TEXT_INPUT } from "../../../core/models/task-signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import { floatsOf } from "../text/float-output.ts";
import { runBatches } from "../text/run-batches.ts";
import { softmax } from "../text/scores.ts";
import { spannedRows } from "../text/spanned-rows.ts";
import { textGraph } from "../text/text-graph.ts";
import { tensorsOnly, textInput } from "../text/text-input.ts";
import type { TokenSpan } from "../text/token-spans.ts";
import { indexOfLargest } from "./best-label.ts";
import { chosenOutputs } from "./chosen-outputs.ts";
import { everyToken, mergedSpans, type TokenClass } from "./entities.ts";
import type { TaskFactory } from "./task.ts";
import { textParts, tokenLogitsOutput } from "./text-parts.ts";

export const tokenClassification: TaskFactory = (parts) => {
  const { card, graph, clock } = parts;
  const { tokenizer, text } = textParts(parts);
  const { maxTokens, labels = [] } = text;
  const reader = textGraph(graph, tokenizer.paddingId, maxTokens);
  const run = { graph, textGraph: reader, output: tokenLogitsOutput(graph, labels.length), clock };

  return {
    async infer(request, context) {
      const work = tensorsOnly(request, card.name, "classifies the tokens of texts; it makes no embeddings");
      const { texts, placeOf } = textInput(work, TEXT_INPUT);
      const rules = { tokenizer, maxTokens, truncate: work.parameters?.truncate, fieldOf: placeOf };
      const { rows, spans, firstToken } = spannedRows(texts, rules);
      const found = new Array<readonly TokenClass[]>(texts.length);
      const aggregate = work.parameters?.aggregation === "none" ? everyToken : mergedSpans;
      const shares = new Float32Array(labels.length);
      const usage = await runBatches(rows, run, context, ({ position, row, length }, output) => {
        const logits = floatsOf(output);
        const first = row * length + firstToken;
        const classOf = (span: TokenSpan, at: number): TokenClass => {
          softmax(logits, (first + at) * labels.length, shares);
          const best = indexOfLargest(shares, 0, labels.length);
          return { ...span, label: labels[best] as string, score: shares[best] as number };
        };
        found[position] = aggregate((spans[position] as readonly TokenSpan[]).map(classOf));
      });
      return { type: "tensors", outputs: chosenOutputs(spanOutputs(texts, found), work), usage };
    },
  };
};

function spanOutputs(texts: readonly string[], found: readonly (readonly TokenClass[])[]): readonly Tensor[] {
  const all = found.flatMap((spans, text) => spans.map((span) => ({ ...span, text })));
  const characters = texts.map((text) => Array.from(text));
  const words = all.map(({ text, start, end }) => (characters[text] as string[]).slice(start, end).join(""));
  const shape = [all.length];
  const integers = (name: string, data: readonly number[]) =>
    ({ name, dataType: "INT32", shape, data: Int32Array.from(data) }) as const;
  return [
    integers(
      SPAN_OUTPUTS.text,
      all.map(({ text }) => text),
    ),
    { name: SPAN_OUTPUTS.label, dataType: "BYTES", shape, data: all.map(({ label }) => label) },
    { name: SPAN_OUTPUTS.score, dataType: "FP32", shape, data: Float32Array.from(all, ({ score }) => score) },
    integers(
      SPAN_OUTPUTS.start,
      all.map(({ start }) => start),
    ),
    integers(
      SPAN_OUTPUTS.end,
      all.map(({ end }) => end),
    ),
    { name: SPAN_OUTPUTS.word, dataType: "BYTES", shape, data: words },
  ];
}
