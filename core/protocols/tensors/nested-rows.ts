import { FarthingError } from "../../errors.ts";
import { received, receivedShape } from "../json/received.ts";

/** Called once per innermost array, with the index of its first element in row-major order. */
export type RowVisitor = (row: readonly unknown[], start: number, path: string) => void;

/**
 * Walks tensor data in either form that the protocol allows: one flat array, or arrays nested as the shape says. Lengths
 * are proven for the whole tensor before the first visit, so a visitor may allocate what the shape promises. Throws
 * `invalid_shape`. Recursion is as deep as the shape is long, never as deep as the data.
 */
export function checkRows(data: readonly unknown[], shape: readonly number[], count: number, path: string): void {
  if (isNested(data, shape)) {
    checkNested(data, shape, 0, path);
  } else if (data.length !== count) {
    throw new FarthingError(
      "invalid_shape",
      `${path} has ${data.length} elements; shape ${receivedShape(shape)} needs ${count}, flat or nested.`,
      { field: path },
    );
  }
}

export function visitRows(data: readonly unknown[], shape: readonly number[], path: string, visit: RowVisitor): void {
  if (isNested(data, shape)) visitNested(data, shape, 0, path, 0, visit);
  else visit(data, 0, path);
}

const isNested = (data: readonly unknown[], shape: readonly number[]): boolean =>
  shape.length > 1 && Array.isArray(data[0]);

function checkNested(data: unknown, shape: readonly number[], depth: number, path: string): void {
  const expected = shape[depth] as number;
  if (!Array.isArray(data) || data.length !== expected) {
    throw new FarthingError(
      "invalid_shape",
      `${path} is ${received(data)}; shape ${receivedShape(shape)} needs an array of ${expected} here.`,
      { field: path },
    );
  }
  if (depth === shape.length - 1) return;
  for (let index = 0; index < expected; index++) checkNested(data[index], shape, depth + 1, `${path}[${index}]`);
}

function visitNested(
  data: readonly unknown[],
  shape: readonly number[],
  depth: number,
  path: string,
  start: number,
  visit: RowVisitor,
): number {
  if (depth === shape.length - 1) {
    visit(data, start, path);
    return start + data.length;
  }
  let next = start;
  for (let index = 0; index < data.length; index++) {
    next = visitNested(data[index] as readonly unknown[], shape, depth + 1, `${path}[${index}]`, next, visit);
  }
  return next;
}
