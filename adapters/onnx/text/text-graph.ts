/**
 * A graph that reads token ids, as transformers are exported: `input_ids`, and where it wants them `attention_mask` and
 * `token_type_ids`. Knows how to fill them; what its outputs mean is the task's business.
 */
import type { TensorSpec } from "../../../core/protocols/spec/signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import type { Graph } from "../graph.ts";
import { BATCH_LIMITS, type BatchLimits } from "./batches.ts";

/** One text's tokens per row. */
export type TokenRows = readonly (readonly number[])[];

export interface TextBatch {
  /** Length of every row, padding included. */
  readonly length: number;
  readonly inputs: readonly Tensor[];
}

export interface TextGraph {
  readonly batchLimits: BatchLimits;
  /** `secondFrom`: of each row, the position from which on tokens belong to the second segment (type 1). */
  assemble(rows: TokenRows, secondFrom?: readonly number[]): TextBatch;
}

const IDS = "input_ids";
const MASK = "attention_mask";
const TYPES = "token_type_ids";
const FILLABLE = [IDS, MASK, TYPES];
const FREE = -1;

/** Throws an Error that names what the graph wants and a text task cannot give, or what the card promises and it cannot take. */
export function textGraph(graph: Graph, paddingId: number, maxTokens: number): TextGraph {
  const { inputs } = graph.signature;
  for (const input of inputs) checkInput(input);
  const ids = inputs.find(({ name }) => name === IDS);
  if (ids === undefined) {
    throw new Error(`the graph has no input "${IDS}"; it has ${inputs.map(({ name }) => `"${name}"`).join(", ")}`);
  }
  const [fixedRows = FREE, fixedLength = FREE] = ids.shape;
  if (fixedLength !== FREE && maxTokens > fixedLength) {
    throw new Error(`text.maxTokens is ${maxTokens}; the graph's "${IDS}" holds ${fixedLength} tokens`);
  }
  const hasMask = inputs.some(({ name }) => name === MASK);

  return {
    batchLimits: {
      paddedTokens: BATCH_LIMITS.paddedTokens,
      rows: fixedRows === FREE ? BATCH_LIMITS.rows : fixedRows,
      equalLengths: !hasMask && fixedLength === FREE,
    },
    assemble(rows, secondFrom) {
      const length = fixedLength === FREE ? Math.max(...rows.map((row) => row.length)) : fixedLength;
      // A graph of fixed size gets its empty rows filled up too; their results are not read.
      const shape = [fixedRows === FREE ? rows.length : fixedRows, length];
      return {
        length,
        inputs: inputs.map((input) => fill(input, shape, { rows, secondFrom, paddingId })),
      };
    },
  };
}

function checkInput({ name, dataType, shape }: TensorSpec): void {
  if (!FILLABLE.includes(name)) {
    throw new Error(`the graph wants an input "${name}"; a text task can fill ${FILLABLE.join(", ")}`);
  }
  if (dataType !== "INT64" && dataType !== "INT32")
    throw new Error(`input "${name}" is ${dataType}, not INT64 or INT32`);
  if (shape.length !== 2) throw new Error(`input "${name}" has ${shape.length} dimensions, not 2 (texts, tokens)`);
}

interface Content {
  readonly rows: TokenRows;
  readonly secondFrom: readonly number[] | undefined;
  readonly paddingId: number;
}

/** Written as 32-bit words: making a BigInt of every token takes longer than tokenizing it. Token ids are not negative. */
function fill({ name, dataType }: TensorSpec, shape: readonly number[], content: Content): Tensor {
  const { rows, secondFrom, paddingId } = content;
  const length = shape[1] as number;
  const stride = dataType === "INT64" ? 2 : 1;
  const words = new Int32Array((shape[0] as number) * length * stride);
  if (name === IDS && paddingId !== 0) for (let at = 0; at < words.length; at += stride) words[at] = paddingId;
  for (let row = 0; row < rows.length; row++) {
    const tokens = rows[row] as readonly number[];
    const start = row * length * stride;
    const from = name === TYPES ? (secondFrom?.[row] ?? tokens.length) : 0;
    for (let at = from; at < tokens.length; at++)
      words[start + at * stride] = name === IDS ? (tokens[at] as number) : 1;
  }
  return { name, dataType, shape, data: stride === 2 ? new BigInt64Array(words.buffer) : words };
}
