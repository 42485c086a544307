/** One vector per text, from what a graph gives. */
import type { ModelCard } from "../../../core/models/card.ts";

export type Pooling = NonNullable<NonNullable<ModelCard["text"]>["pooling"]>;

export interface RowPlace {
  readonly row: number;
  /** Row length in the batch, padding included. */
  readonly length: number;
  /** Tokens of this row that are not padding. */
  readonly tokens: number;
}

/** Writes the vector of one row of `states` into `vector`, whose length is the width of the model. */
export function pool(
  pooling: Pooling,
  states: ArrayLike<number>,
  { row, length, tokens }: RowPlace,
  vector: Float32Array,
): void {
  const width = vector.length;
  switch (pooling) {
    case "none":
      return copy(states, row * width, vector);
    case "cls":
      return copy(states, row * length * width, vector);
    case "mean": {
      const start = row * length * width;
      for (let token = 0; token < tokens; token++) {
        const from = start + token * width;
        for (let at = 0; at < width; at++) vector[at] = (vector[at] as number) + (states[from + at] as number);
      }
      for (let at = 0; at < width; at++) vector[at] = (vector[at] as number) / tokens;
    }
  }
}

/** Scales to length 1, in place; the zero vector stays what it is. */
export function normalize(vector: Float32Array): void {
  let square = 0;
  for (let at = 0; at < vector.length; at++) square += (vector[at] as number) ** 2;
  if (square === 0) return;
  const scale = 1 / Math.sqrt(square);
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] as number) * scale;
}

function copy(states: ArrayLike<number>, start: number, vector: Float32Array): void {
  for (let at = 0; at < vector.length; at++) vector[at] = states[start + at] as number;
}
