/**
 * Keeps ONNX Runtime from storing weights twice when it stores a graph optimised: a reshaped copy of what another node reads
 * as it is (embeddings that also make the logits: 28 of SmolLM2-135M's 114 MB). While the graph is being optimised such
 * weights are also declared as inputs, which makes them no constants to fold.
 * https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html
 */
import { ELEMENT_TYPE, GRAPH, MODEL_GRAPH, readNode, SHAPE, TENSOR, TENSOR_TYPE, VALUE } from "./onnx-nodes.ts";
import { eachField, message, text, varint } from "./protobuf.ts";

const DIMENSION = { list: 1, value: 1 } as const;

export interface SharedConstants {
  /** The model's bytes, in which they are inputs too. */
  readonly model: Uint8Array;
  readonly names: ReadonlySet<string>;
}

export function withSharedConstants(model: Uint8Array): SharedConstants {
  const shared = reshapedAndRead(model);
  const inputs: Uint8Array[] = [];
  eachGraphField(model, (part, value) => {
    if (part !== GRAPH.initializer) return;
    const { name, elementType, dims } = readTensor(value);
    if (shared.has(name)) inputs.push(input(name, elementType, dims));
  });
  // Appended to the file's bytes, messages are merged (protobuf).
  return { model: Buffer.concat([model, message(MODEL_GRAPH, ...inputs)]), names: shared };
}

/** The bytes of a stored model, in which they are constants again. */
export function withoutInputs(model: Uint8Array, names: ReadonlySet<string>): Uint8Array {
  const parts: Uint8Array[] = [];
  eachField(model, (field, graph, _, whole) => {
    if (field !== MODEL_GRAPH) return void parts.push(whole);
    const kept: Uint8Array[] = [];
    eachField(graph, (part, value, __, wholePart) => {
      if (part !== GRAPH.input || !names.has(nameOf(value))) kept.push(wholePart);
    });
    parts.push(message(MODEL_GRAPH, ...kept));
  });
  return Buffer.concat(parts);
}

function reshapedAndRead(model: Uint8Array): ReadonlySet<string> {
  const reshaped = new Set<string>();
  const read = new Set<string>();
  const constants = new Set<string>();
  eachGraphField(model, (part, value) => {
    if (part === GRAPH.initializer) constants.add(readTensor(value).name);
    if (part !== GRAPH.node) return;
    const { opType, inputs } = readNode(value);
    for (const name of inputs) (opType === "Reshape" ? reshaped : read).add(name);
  });
  return new Set([...reshaped].filter((name) => read.has(name) && constants.has(name)));
}

function eachGraphField(model: Uint8Array, onField: (part: number, value: Uint8Array) => void): void {
  eachField(model, (field, graph) => {
    if (field === MODEL_GRAPH) eachField(graph, onField);
  });
}

interface TensorHead {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly number[];
}

function readTensor(bytes: Uint8Array): TensorHead {
  const dims: number[] = [];
  let name = "";
  let elementType = 0;
  eachField(bytes, (field, value, number) => {
    if (field === TENSOR.name) name = text(value);
    else if (field === TENSOR.dataType) elementType = number;
    // One by one, or all in one field (packed).
    else if (field === TENSOR.dims) dims.push(...(value.length === 0 ? [number] : varints(value)));
  });
  return { name, elementType, dims };
}

function varints(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte >= 0x80) continue;
    values.push(value);
    value = 0;
    factor = 1;
  }
  return values;
}

function nameOf(bytes: Uint8Array): string {
  let name = "";
  eachField(bytes, (field, value) => void (field === VALUE.name && (name = text(value))));
  return name;
}

const input = (name: string, elementType: number, dims: readonly number[]): Uint8Array =>
  message(
    GRAPH.input,
    message(VALUE.name, Buffer.from(name)),
    message(
      VALUE.type,
      message(
        TENSOR_TYPE,
        varint(ELEMENT_TYPE, elementType),
        message(SHAPE, ...dims.map((value) => message(DIMENSION.list, varint(DIMENSION.value, value)))),
      ),
    ),
  );
