import type { InferenceUsage } from "../../../core/protocols/spec/inference.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import { deadlineExceeded } from "../../../core/serving/deadline.ts";
import type { InferenceContext } from "../../../core/serving/target.ts";
import type { Graph } from "../graph.ts";
import { planBatches } from "./batches.ts";
import type { TextGraph, TokenRows } from "./text-graph.ts";

export interface TextRun {
  readonly graph: Graph;
  readonly textGraph: TextGraph;
  /** Name of the graph output that is read. */
  readonly output: string;
  readonly clock: Clock;
  /** Of each row, where its second segment begins; absent where there is one text per row. */
  readonly secondFrom?: readonly number[];
}

/** `position`: of the row in the request; `row`, `length`: where it stands in the batch's output. */
export type ReadRow = (
  place: { readonly position: number; readonly row: number; readonly length: number },
  output: Tensor,
) => void;

/**
 * Runs all rows, in batches, and hands each one's place in an output to `read`. A run blocks the process, so the deadline
 * is looked at between batches.
 */
export async function runBatches(
  rows: TokenRows,
  run: TextRun,
  context: InferenceContext,
  read: ReadRow,
): Promise<InferenceUsage> {
  const { graph, textGraph, clock } = run;
  let inferenceMillis = 0;
  let inputTokens = 0;
  for (const positions of planBatches(
    rows.map(({ length }) => length),
    textGraph.batchLimits,
  )) {
    if (clock.epochMillis() >= context.deadlineMillis) throw deadlineExceeded();
    const { secondFrom } = run;
    const batch = textGraph.assemble(
      positions.map((position) => rows[position] as readonly number[]),
      secondFrom && positions.map((position) => secondFrom[position] as number),
    );
    const started = clock.monotonicMillis();
    const [output] = await graph.run(batch.inputs, [run.output]);
    inferenceMillis += clock.monotonicMillis() - started;
    for (let row = 0; row < positions.length; row++) {
      const position = positions[row] as number;
      inputTokens += (rows[position] as readonly number[]).length;
      read({ position, row, length: batch.length }, output as Tensor);
    }
  }
  return { inputTokens, outputTokens: 0, inferenceMillis };
}
