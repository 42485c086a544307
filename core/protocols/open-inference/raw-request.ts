import { FarthingError } from "../../errors.ts";
import { received, receivedShape } from "../json/received.ts";
import type { ModelSignature } from "../spec/signature.ts";
import { DATA_TYPE_BYTES, elementCount, type Tensor, type TensorData } from "../spec/tensor.ts";
import { refuseMeaninglessValues, tensorDataFromBytes } from "../tensors/from-bytes.ts";
import { HEADER_LENGTH } from "./body.ts";

/**
 * Triton's raw binary request: the body is the data of the model's only input, the shape follows from its length. With two
 * free dimensions the first is a batch of 1. A BYTES input gets the whole body as its one string, without a length.
 */
export function decodeRawRequest(bytes: Uint8Array, signature: ModelSignature): Tensor {
  const [spec] = signature.inputs;
  if (spec === undefined || signature.inputs.length !== 1) {
    throw refuse(`this model has ${signature.inputs.length} inputs, a raw request has room for one`);
  }
  const { name, dataType } = spec;
  const shape = dataType === "BYTES" ? oneString(spec.shape) : shapeOf(spec.shape, bytes, DATA_TYPE_BYTES[dataType]);
  const path = "body";
  const data: TensorData =
    dataType === "BYTES" ? [wholeText(bytes)] : tensorDataFromBytes({ dataType, shape, bytes, path });
  refuseMeaninglessValues(dataType, data, path);
  return { name, dataType, shape, data };
}

function shapeOf(shape: readonly number[], bytes: Uint8Array, elementBytes: number): readonly number[] {
  const free = shape.filter((size) => size === -1).length;
  const batched = free === 2 && shape[0] === -1 ? [1, ...shape.slice(1)] : shape;
  if (free > 1 && batched === shape) throw refuse(`shape ${receivedShape(shape)} leaves more than one size open`);
  const rest = elementCount(batched.filter((size) => size !== -1)) * elementBytes;
  const open = free === 0 ? 1 : bytes.length / rest;
  if (bytes.length === 0 || !Number.isInteger(open) || open * rest !== bytes.length) {
    throw new FarthingError(
      "invalid_shape",
      `The body has ${bytes.length} bytes; shape ${receivedShape(shape)} needs ${free === 0 ? "" : "a multiple of "}${rest}.`,
      { field: "body" },
    );
  }
  return batched.map((size) => (size === -1 ? open : size));
}

function oneString(shape: readonly number[]): readonly number[] {
  if (shape.every((size) => size === 1 || size === -1)) return shape.map(() => 1);
  throw refuse(`shape ${receivedShape(shape)} does not take a single string`);
}

function wholeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const message = "The body is not valid UTF-8; BYTES holds text in UTF-8.";
    throw new FarthingError("invalid_field", message, { field: "body", cause: error });
  }
}

const refuse = (why: string) =>
  new FarthingError("invalid_field", `The header ${HEADER_LENGTH} is ${received("0")} (a raw request), but ${why}.`, {
    field: HEADER_LENGTH,
  });
