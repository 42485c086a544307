/** Texts, or their token ids → vectors. */
import { FarthingError } from "../../../core/errors.ts";
import { EMBEDDING_OUTPUT, TEXT_INPUT } from "../../../core/models/task-signature.ts";
import type { InferenceRequest, InferenceResult, InferenceUsage } from "../../../core/protocols/spec/inference.ts";
import { floatsOf } from "../text/float-output.ts";
import { normalize, pool } from "../text/pooling.ts";
import { runBatches } from "../text/run-batches.ts";
import { textGraph } from "../text/text-graph.ts";
import { tensorsOnly, textInput } from "../text/text-input.ts";
import { tokenRows } from "../text/token-rows.ts";
import type { TaskFactory } from "./task.ts";
import { textParts, vectorOutput } from "./text-parts.ts";

export const embedding: TaskFactory = (parts) => {
  const { card, graph, clock } = parts;
  const { tokenizer, text } = textParts(parts);
  const pooling = text.pooling ?? "mean";
  const normalized = text.normalize ?? true;
  const reader = textGraph(graph, tokenizer.paddingId, text.maxTokens);
  const run = { graph, textGraph: reader, output: vectorOutput(graph, pooling === "none" ? 2 : 3), clock };

  return {
    async infer(request, context) {
      const { inputs, fieldOf, dimensions, truncate } = wanted(request, card.name);
      const rows = tokenRows(inputs, { tokenizer, maxTokens: text.maxTokens, truncate, fieldOf });
      const vectors = new Array<Float32Array>(rows.length);
      const usage = await runBatches(rows, run, context, ({ position, row, length }, output) => {
        const vector = new Float32Array(output.shape.at(-1) as number);
        const tokens = (rows[position] as readonly number[]).length;
        pool(pooling, floatsOf(output), { row, length, tokens }, vector);
        vectors[position] = finished(vector, dimensions, normalized);
      });
      return answer(request, vectors, usage);
    },
  };
};

interface Wanted {
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions: number | undefined;
  readonly truncate: boolean | undefined;
  fieldOf(position: number): string;
}

/** Fields are named as the protocol that brought the request names them. */
function wanted(request: InferenceRequest, model: string): Wanted {
  if (request.type === "embeddings") {
    const { inputs, dimensions } = request;
    return { inputs, dimensions, truncate: false, fieldOf: (position) => `input[${position}]` };
  }
  const work = tensorsOnly(request, model, "makes embeddings of texts");
  const { texts, placeOf } = textInput(work, TEXT_INPUT);
  return { inputs: texts, dimensions: undefined, truncate: work.parameters?.truncate, fieldOf: placeOf };
}

/** A shortened vector has another length than 1: it is normalised after it was cut. */
function finished(vector: Float32Array, dimensions: number | undefined, normalized: boolean): Float32Array {
  if (dimensions !== undefined && dimensions > vector.length) {
    throw new FarthingError(
      "invalid_field",
      `dimensions is ${dimensions}; the model's vectors have ${vector.length}.`,
      {
        field: "dimensions",
      },
    );
  }
  const cut = dimensions === undefined ? vector : vector.slice(0, dimensions);
  if (normalized) normalize(cut);
  return cut;
}

function answer(request: InferenceRequest, vectors: readonly Float32Array[], usage: InferenceUsage): InferenceResult {
  if (request.type === "embeddings") return { type: "embeddings", vectors, usage };
  const width = vectors[0]?.length ?? 0;
  const data = new Float32Array(vectors.length * width);
  for (let row = 0; row < vectors.length; row++) data.set(vectors[row] as Float32Array, row * width);
  return {
    type: "tensors",
    outputs: [{ name: EMBEDDING_OUTPUT, dataType: "FP32", shape: [vectors.length, width], data }],
    usage,
  };
}
