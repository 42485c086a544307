/**
 * Runs of one graph put together along the first dimension, and their results taken apart again. Texts of different lengths
 * are padded where the graph has a mask that hides the padding.
 */
import type { ModelSignature, TensorSpec } from "../../../core/protocols/spec/signature.ts";
import { elementCount, type Tensor, type TensorData } from "../../../core/protocols/spec/tensor.ts";

type Numbers = Exclude<TensorData, readonly string[]>;

export interface GraphRun {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
}

/** A run that may share a batch with others of the same `key`. */
export interface MergeableRun extends GraphRun {
  readonly key: string;
  readonly rows: number;
  /** Second dimension of texts, to which shorter ones are padded; 0: all dimensions but the first agree. */
  readonly length: number;
}

export interface RunMerger {
  /** Undefined: this run goes alone. */
  read(run: GraphRun): MergeableRun | undefined;
  /** All of one key. */
  merge(runs: readonly MergeableRun[]): readonly Tensor[];
  /** Undefined when the graph's outputs cannot be told apart by rows. */
  split(runs: readonly MergeableRun[], outputs: readonly Tensor[]): readonly (readonly Tensor[])[] | undefined;
}

const FREE = -1;
const MASK = "attention_mask";
const IDS = "input_ids";

/** Undefined for a graph whose inputs or outputs have a first dimension that is fixed, or none. */
export function runMerger({ inputs, outputs }: ModelSignature): RunMerger | undefined {
  const hasFreeRows = ({ shape, dataType }: TensorSpec) => shape[0] === FREE && dataType !== "BYTES";
  if (inputs.length === 0 || !inputs.every(hasFreeRows)) return undefined;
  const mergeable = new Set(outputs.filter(hasFreeRows).map(({ name }) => name));
  const padded = readsMaskedTexts(inputs);
  const specs = new Map(outputs.map((spec) => [spec.name, spec]));
  /** Outputs with a row for each token: of these, the padding is cut off again. */
  const perToken = (name: string): boolean => padded && specs.get(name)?.shape[1] === FREE;

  return {
    read(run) {
      const rows = run.inputs[0]?.shape[0] ?? 0;
      if (rows === 0 || run.inputs.length !== inputs.length) return undefined;
      if (!run.outputs.every((name) => mergeable.has(name))) return undefined;
      const length = padded ? (run.inputs[0]?.shape[1] ?? 0) : 0;
      for (const { shape, data } of run.inputs) {
        if (shape[0] !== rows || data.length !== elementCount(shape) || !isNumbers(data)) return undefined;
        if (padded && (shape.length !== 2 || shape[1] !== length)) return undefined;
      }
      const kinds = run.inputs.map(({ name, dataType, shape }) => [name, dataType, padded ? [] : shape.slice(1)]);
      return { ...run, key: JSON.stringify([kinds, run.outputs]), rows, length };
    },

    merge(runs) {
      const [first] = runs as readonly [MergeableRun];
      const rows = runs.reduce((sum, run) => sum + run.rows, 0);
      const length = Math.max(...runs.map((run) => run.length));
      return first.inputs.map(({ name, dataType, shape }, index) => {
        const mergedShape = padded ? [rows, length] : [rows, ...shape.slice(1)];
        const width = elementCount(mergedShape.slice(1));
        const data = emptyLike((first.inputs[index] as Tensor).data as Numbers, rows * width);
        let row = 0;
        for (const run of runs) {
          copyRows((run.inputs[index] as Tensor).data as Numbers, run.rows, data, row, width);
          row += run.rows;
        }
        return { name, dataType, shape: mergedShape, data };
      });
    },

    split(runs, results) {
      const total = runs.reduce((sum, run) => sum + run.rows, 0);
      const length = Math.max(...runs.map((run) => run.length));
      for (const { name, shape, data } of results) {
        if (shape[0] !== total || !isNumbers(data)) return undefined;
        if (perToken(name) && shape[1] !== length) return undefined;
      }
      let row = 0;
      return runs.map((run) => {
        const from = row;
        row += run.rows;
        return results.map((result) => rowsOf(result, from, run.rows, perToken(result.name) ? run.length : undefined));
      });
    },
  };
}

/** Padding with zeros is right where a mask says which tokens count. */
function readsMaskedTexts(inputs: readonly TensorSpec[]): boolean {
  const names = new Set(inputs.map(({ name }) => name));
  return names.has(IDS) && names.has(MASK) && inputs.every(({ shape }) => shape.length === 2 && shape[1] === FREE);
}

const isNumbers = (data: TensorData): data is Numbers => ArrayBuffer.isView(data);

function emptyLike(data: Numbers, length: number): Numbers {
  return new (data.constructor as new (length: number) => Numbers)(length);
}

/** Copies rows into wider ones, or into ones of the same width. */
function copyRows(source: Numbers, rows: number, target: Numbers, firstRow: number, width: number): void {
  const sourceWidth = source.length / rows;
  if (sourceWidth === width) return target.set(source as never, firstRow * width);
  for (let row = 0; row < rows; row++) {
    const part = source.subarray(row * sourceWidth, (row + 1) * sourceWidth);
    target.set(part as never, (firstRow + row) * width);
  }
}

/** A copy: answers of one batch must not hold each other's memory. `length`: of the second dimension that is kept. */
function rowsOf(
  { name, dataType, shape, data }: Tensor,
  from: number,
  rows: number,
  length: number | undefined,
): Tensor {
  const width = elementCount(shape.slice(1));
  const source = data as Numbers;
  if (length === undefined || length === shape[1]) {
    return {
      name,
      dataType,
      shape: [rows, ...shape.slice(1)],
      data: source.slice(from * width, (from + rows) * width),
    };
  }
  const kept = length * elementCount(shape.slice(2));
  const target = emptyLike(source, rows * kept);
  for (let row = 0; row < rows; row++) {
    const start = (from + row) * width;
    target.set(source.subarray(start, start + kept) as never, row * kept);
  }
  return { name, dataType, shape: [rows, length, ...shape.slice(2)], data: target };
}
