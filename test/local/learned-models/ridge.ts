/**
 * Linear least squares with a penalty on the weights, in closed form: W = (XᵀX + λI)⁻¹ XᵀY, the last weight of each column a
 * constant that is not penalised. The same data give the same weights on every machine, up to rounding.
 */
export interface LinearHead {
  /** [features, outputs], row by row. */
  readonly weights: Float32Array;
  /** One per output. */
  readonly biases: Float32Array;
}

export function ridge(
  features: readonly Float32Array[],
  targets: readonly (readonly number[])[],
  penalty: number,
): LinearHead {
  const size = (features[0]?.length ?? 0) + 1;
  const outputs = targets[0]?.length ?? 0;
  const squares = new Float64Array(size * size);
  const products = new Float64Array(size * outputs);
  for (const [row, feature] of features.entries()) {
    const x = [...feature, 1];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) squares[i * size + j] = at(squares, i * size + j) + at(x, i) * at(x, j);
      for (let o = 0; o < outputs; o++) {
        products[i * outputs + o] = at(products, i * outputs + o) + at(x, i) * at(targets[row] ?? [], o);
      }
    }
  }
  for (let i = 0; i < size - 1; i++) squares[i * size + i] = at(squares, i * size + i) + penalty;
  solve(squares, products, size, outputs);
  return {
    weights: Float32Array.from(products.subarray(0, (size - 1) * outputs)),
    biases: Float32Array.from(products.subarray((size - 1) * outputs)),
  };
}

/** Cholesky: the lower half of `matrix` becomes L with LLᵀ = matrix, `right` the solution. */
function solve(matrix: Float64Array, right: Float64Array, size: number, columns: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(matrix, i * size + j);
      for (let k = 0; k < j; k++) sum -= at(matrix, i * size + k) * at(matrix, j * size + k);
      matrix[i * size + j] = i === j ? Math.sqrt(sum) : sum / at(matrix, j * size + j);
    }
  }
  for (let column = 0; column < columns; column++) {
    for (let i = 0; i < size; i++) {
      let sum = at(right, i * columns + column);
      for (let k = 0; k < i; k++) sum -= at(matrix, i * size + k) * at(right, k * columns + column);
      right[i * columns + column] = sum / at(matrix, i * size + i);
    }
    for (let i = size - 1; i >= 0; i--) {
      let sum = at(right, i * columns + column);
      for (let k = i + 1; k < size; k++) sum -= at(matrix, k * size + i) * at(right, k * columns + column);
      right[i * columns + column] = sum / at(matrix, i * size + i);
    }
  }
}

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;
