/**
 * Nodes and small constants of an ONNX graph, as bytes that are read from a model's file or appended to it.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { eachField, message, text, varint } from "./protobuf.ts";

export const MODEL_GRAPH = 7;
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
export const VALUE = { name: 1, type: 2 } as const;
export const TENSOR_TYPE = 1;
export const ELEMENT_TYPE = 1;
export const SHAPE = 2;
const NODE = { input: 1, output: 2, opType: 4, attribute: 5 } as const;
export const TENSOR = { dims: 1, dataType: 2, int64Data: 7, name: 8, externalData: 13 } as const;
const ATTRIBUTE = { name: 1, integer: 3, type: 20 } as const;
const INTEGER_ATTRIBUTE = 2;
const INT64 = 7;

/** What this code adds to a graph is called so, and left out of what callers see of it. */
export const ADDED = "farthing.";

export interface GraphNode {
  readonly opType: string;
  /** Empty for inputs that are left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export function readNode(bytes: Uint8Array): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let opType = "";
  eachField(bytes, (field, value) => {
    if (field === NODE.input) inputs.push(text(value));
    else if (field === NODE.output) outputs.push(text(value));
    else if (field === NODE.opType) opType = text(value);
  });
  return { opType, inputs, outputs };
}

/** The node, with other inputs and outputs. */
export function rewired(bytes: Uint8Array, { inputs, outputs }: Pick<GraphNode, "inputs" | "outputs">): Uint8Array {
  const rest: Uint8Array[] = [];
  eachField(bytes, (field, _, __, whole) => {
    if (field !== NODE.input && field !== NODE.output) rest.push(whole);
  });
  return message(GRAPH.node, ...names(NODE.input, inputs), ...names(NODE.output, outputs), ...rest);
}

/** `attributes`: whole numbers. */
export const node = (
  opType: string,
  inputs: readonly string[],
  output: string | readonly string[],
  attributes: Readonly<Record<string, number>> = {},
): Uint8Array =>
  message(
    GRAPH.node,
    ...names(NODE.input, inputs),
    ...names(NODE.output, typeof output === "string" ? [output] : output),
    message(NODE.opType, Buffer.from(opType)),
    ...Object.entries(attributes).map(([name, value]) => numberAttribute(name, value)),
  );

const numberAttribute = (name: string, value: number): Uint8Array =>
  message(
    NODE.attribute,
    message(ATTRIBUTE.name, Buffer.from(name)),
    varint(ATTRIBUTE.integer, value),
    varint(ATTRIBUTE.type, INTEGER_ATTRIBUTE),
  );

/** A whole number among the attributes of a node. */
export function numberOf(bytes: Uint8Array, name: string): number | undefined {
  let found: number | undefined;
  eachField(bytes, (field, attribute) => {
    if (field === NODE.attribute && attributeName(attribute) === name) found = attributeNumber(attribute);
  });
  return found;
}

/** The content of the node, with another number. */
export function withNumber(bytes: Uint8Array, name: string, value: number): Uint8Array {
  const parts: Uint8Array[] = [];
  eachField(bytes, (field, attribute, _, whole) => {
    if (field !== NODE.attribute || attributeName(attribute) !== name) parts.push(whole);
  });
  return Buffer.concat([...parts, numberAttribute(name, value)]);
}

function attributeName(attribute: Uint8Array): string {
  let name = "";
  eachField(attribute, (field, value) => void (field === ATTRIBUTE.name && (name = text(value))));
  return name;
}

function attributeNumber(attribute: Uint8Array): number | undefined {
  let number: number | undefined;
  eachField(attribute, (field, _, value) => void (field === ATTRIBUTE.integer && (number = value)));
  return number;
}

export const listOf = (name: string, values: readonly number[]): Uint8Array =>
  int64(name, values, varint(TENSOR.dims, values.length));
/** A number without dimensions. */
export const scalar = (name: string, value: number): Uint8Array => int64(name, [value]);

/** A number without dimensions that every run is given. */
export const numberInput = (name: string): Uint8Array =>
  message(
    GRAPH.input,
    message(VALUE.name, Buffer.from(name)),
    message(VALUE.type, message(TENSOR_TYPE, varint(ELEMENT_TYPE, INT64), message(SHAPE))),
  );

const int64 = (name: string, values: readonly number[], ...dims: readonly Uint8Array[]): Uint8Array =>
  message(
    GRAPH.initializer,
    ...dims,
    varint(TENSOR.dataType, INT64),
    ...values.map((value) => varint(TENSOR.int64Data, value)),
    message(TENSOR.name, Buffer.from(name)),
  );

const names = (field: number, values: readonly string[]): Uint8Array[] =>
  values.map((value) => message(field, Buffer.from(value)));
