import { FarthingError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import { quoted, quotedList, received } from "../json/received.ts";
import type { TensorSpec } from "../spec/signature.ts";
import { DATA_TYPE_BYTES, type DataType, elementCount, type Tensor, type TensorData } from "../spec/tensor.ts";
import { refuseMeaninglessValues, tensorDataFromBytes } from "../tensors/from-bytes.ts";
import { tensorDataFromJson } from "../tensors/from-json.ts";
import type { BinarySection } from "./body.ts";
import { readByteSize, readParameters } from "./parameters.ts";
import { readShape } from "./tensor-shape.ts";

export interface InputSource {
  readonly specs: readonly TensorSpec[];
  readonly binary: BinarySection;
  /** `inputs` of the same body with long integers as text; parses again, so only when a tensor needs it. */
  exactInputs(): unknown;
}

/**
 * Every input that the model takes, once, with its datatype, a shape that fits, and data that fills the shape. A request
 * without one element is refused as an empty batch; an empty tensor beside a full one is not (the cache of a first step).
 */
export function decodeInputs(value: unknown, source: InputSource): readonly Tensor[] {
  if (value === undefined) {
    throw new FarthingError("missing_field", `inputs is absent; the model takes ${inputNames(source.specs)}.`, {
      field: "inputs",
    });
  }
  if (!Array.isArray(value)) {
    throw new FarthingError("invalid_field", `inputs is ${received(value)}; it must be an array of tensors.`, {
      field: "inputs",
    });
  }
  const tensors: Tensor[] = [];
  for (let index = 0; index < value.length; index++) {
    tensors.push(decodeInput(value[index], index, tensors, source));
  }
  source.binary.end();
  const missing = source.specs.filter((spec) => !tensors.some((tensor) => tensor.name === spec.name));
  if (missing.length > 0) {
    const absent = quotedList(missing.map(({ name }) => name));
    throw new FarthingError("missing_field", `inputs lacks ${absent}; the model takes ${inputNames(source.specs)}.`, {
      field: "inputs",
    });
  }
  if (tensors.length > 0 && tensors.every((tensor) => tensor.data.length === 0)) {
    throw new FarthingError("invalid_shape", "Every input is empty; send at least one element.", { field: "inputs" });
  }
  return tensors;
}

function decodeInput(value: unknown, index: number, before: readonly Tensor[], source: InputSource): Tensor {
  const path = `inputs[${index}]`;
  if (!isJsonObject(value)) {
    throw new FarthingError("invalid_field", `${path} is ${received(value)}; it must be a tensor object.`, {
      field: path,
    });
  }
  refuseUnknownFields(value, path);
  const spec = findSpec(value.name, path, source.specs);
  if (before.some((tensor) => tensor.name === spec.name)) {
    const field = `${path}.name`;
    throw new FarthingError("invalid_field", `${field} is ${quoted(spec.name)} for the second time.`, { field });
  }
  checkDataType(value.datatype, path, spec);
  const shape = readShape(value.shape, spec, path);
  return { name: spec.name, dataType: spec.dataType, shape, data: readData(value, index, spec, shape, source) };
}

const INPUT_FIELDS = new Set(["name", "shape", "datatype", "parameters", "data"]);

function refuseUnknownFields(input: JsonObject, path: string): void {
  for (const name in input) {
    if (INPUT_FIELDS.has(name)) continue;
    const field = `${path}.${name}`;
    const allowed = [...INPUT_FIELDS].join(", ");
    throw new FarthingError("unknown_field", `${path} has the field ${quoted(name)}; a tensor has ${allowed}.`, {
      field,
    });
  }
}

const inputNames = (specs: readonly TensorSpec[]): string => quotedList(specs.map(({ name }) => name));

function findSpec(name: unknown, path: string, specs: readonly TensorSpec[]): TensorSpec {
  const field = `${path}.name`;
  if (name === undefined) {
    throw new FarthingError("missing_field", `${field} is absent; the model takes ${inputNames(specs)}.`, { field });
  }
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec !== undefined) return spec;
  const code = typeof name === "string" ? "unknown_field" : "invalid_field";
  throw new FarthingError(code, `${field} is ${received(name)}; the model takes ${inputNames(specs)}.`, { field });
}

function checkDataType(dataType: unknown, path: string, spec: TensorSpec): void {
  if (dataType === spec.dataType) return;
  const field = `${path}.datatype`;
  const allowed = `input ${quoted(spec.name)} takes "${spec.dataType}"`;
  if (dataType === undefined) throw new FarthingError("missing_field", `${field} is absent; ${allowed}.`, { field });
  const known = typeof dataType === "string" && Object.hasOwn(DATA_TYPE_BYTES, dataType);
  const what = known ? "" : `, which is no datatype of the protocol (${dataTypeNames})`;
  throw new FarthingError("invalid_datatype", `${field} is ${received(dataType)}${what}; ${allowed}.`, { field });
}

const dataTypeNames = (Object.keys(DATA_TYPE_BYTES) as DataType[]).join(", ");

function readData(
  input: JsonObject,
  index: number,
  spec: TensorSpec,
  shape: readonly number[],
  source: InputSource,
): TensorData {
  const path = `inputs[${index}]`;
  const { dataType } = spec;
  const { data } = input;
  const parameters = readParameters(input.parameters, `${path}.parameters`);
  const byteSize = readByteSize(parameters, "binary_data_size", `${path}.parameters`);
  const field = `${path}.data`;
  if (byteSize !== undefined) {
    if (data !== undefined) {
      const message = `${path} has data and binary_data_size; a tensor is sent as JSON or as binary data, not as both.`;
      throw new FarthingError("invalid_field", message, { field });
    }
    const binary = tensorDataFromBytes({ dataType, shape, bytes: source.binary.take(byteSize, path), path });
    refuseMeaninglessValues(dataType, binary, field);
    return binary;
  }
  if (data === undefined) {
    const message = `${field} is absent; send ${elementCount(shape)} elements, or binary_data_size and binary data.`;
    throw new FarthingError("missing_field", message, { field });
  }
  if (!Array.isArray(data)) {
    throw new FarthingError("invalid_field", `${field} is ${received(data)}; it must be an array.`, { field });
  }
  const exactly = () => (source.exactInputs() as readonly { readonly data: readonly unknown[] }[])[index]?.data ?? [];
  return tensorDataFromJson({ dataType, shape, data, path: field, exactly });
}
