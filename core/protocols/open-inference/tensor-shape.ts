import { FarthingError } from "../../errors.ts";
import { received, receivedShape } from "../json/received.ts";
import type { TensorSpec } from "../spec/signature.ts";

/** The shape a caller sent, held against the model's: same rank, same fixed dimensions, no empty batch. */
export function readShape(value: unknown, spec: TensorSpec, path: string): readonly number[] {
  const field = `${path}.shape`;
  const allowed = () => `input ${JSON.stringify(spec.name)} takes ${receivedShape(spec.shape)}, where -1 is any size`;
  if (value === undefined) throw new FarthingError("missing_field", `${field} is absent; ${allowed()}.`, { field });
  if (!Array.isArray(value)) {
    throw new FarthingError("invalid_field", `${field} is ${received(value)}; ${allowed()}.`, { field });
  }
  const refuse = (why: string) =>
    new FarthingError("invalid_shape", `${field} is ${receivedShape(value)}: ${why}; ${allowed()}.`, { field });
  if (value.length !== spec.shape.length) {
    throw refuse(`${value.length} dimensions instead of ${spec.shape.length}`);
  }
  for (let index = 0; index < value.length; index++) {
    const size: unknown = value[index];
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      throw refuse(`dimension ${index} is ${received(size)}, not a whole number from 0 up`);
    }
    if (size === 0 && index === 0) throw refuse("an empty batch");
    const expected = spec.shape[index];
    if (expected !== -1 && expected !== size) throw refuse(`dimension ${index} is ${size} instead of ${expected}`);
  }
  return value;
}
