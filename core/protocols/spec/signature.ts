import type { DataType } from "./tensor.ts";

export interface TensorSpec {
  readonly name: string;
  readonly dataType: DataType;
  /** -1 is a dimension that the caller chooses. */
  readonly shape: readonly number[];
}

/** What a model takes and gives, as `GET /v2/models/{name}` shows it. */
export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}
