/**
 * Gives a model whose keys and values come out of GroupQueryAttention more outputs: for each `present.*` only the rows of
 * the tokens that were just read. onnxruntime-node 1.30 copies every output of a run, so that with `present.*` each step
 * copies the whole past (46 kB a token for SmolLM2-135M: at 600 tokens 17 ms a step instead of 12). With rows the past lies
 * in buffers of ours, which a run reads where they are, and a step copies what is new. GroupQueryAttention is what allows the
 * past to lie in a buffer longer than itself.
 *
 * Nothing is taken apart: in protobuf, a message that is appended to another of its kind is merged into it, and lists go on.
 * https://protobuf.dev/programming-guides/encoding/#last-one-wins
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { eachField, message, text, varint } from "./protobuf.ts";

export const PRESENT = "present.";
/** What this file adds is called so, and left out of what callers see of a graph. */
export const ADDED = "farthing.";
export const rowsOf = (present: string): string => ADDED + present;

const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, output: 12 } as const;
const NODE = { input: 1, output: 2, opType: 4 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TENSOR_TYPE = 1;
const ELEMENT_TYPE = 1;
const INT64 = 7;

interface Present {
  readonly name: string;
  readonly elementType: number;
}

/** The bytes to append to a model's file; undefined for one that is not laid out so. */
export function rowOutputs(model: Uint8Array): Uint8Array | undefined {
  const makers = new Map<string, string>();
  const presents: Present[] = [];
  eachField(model, (field, graph) => {
    if (field !== MODEL_GRAPH) return;
    eachField(graph, (part, value) => {
      if (part === GRAPH.node) noteMaker(value, makers);
      else if (part === GRAPH.output) notePresent(value, presents);
    });
  });
  if (presents.length === 0 || presents.some(({ name }) => makers.get(name) !== "GroupQueryAttention"))
    return undefined;
  const parts = [...placeOfRows(), ...presents.flatMap(rows)];
  return message(MODEL_GRAPH, ...parts);
}

function noteMaker(node: Uint8Array, makers: Map<string, string>): void {
  const outputs: string[] = [];
  let opType = "";
  eachField(node, (field, value) => {
    if (field === NODE.output) outputs.push(text(value));
    else if (field === NODE.opType) opType = text(value);
  });
  for (const output of outputs) makers.set(output, opType);
}

function notePresent(output: Uint8Array, presents: Present[]): void {
  let name = "";
  let elementType = 0;
  eachField(output, (field, value) => {
    if (field === VALUE.name) name = text(value);
    if (field !== VALUE.type) return;
    eachField(value, (kind, tensor) => {
      if (kind === TENSOR_TYPE)
        eachField(tensor, (part, _, number) => void (part === ELEMENT_TYPE && (elementType = number)));
    });
  });
  if (name.startsWith(PRESENT)) presents.push({ name, elementType });
}

/** Rows from `total - read` to `total`, by the lengths of mask and ids. */
function placeOfRows(): Uint8Array[] {
  const [read, total, start, one, axis] = ["read", "total", "start", "one", "axis"].map((name) => ADDED + name) as [
    string,
    string,
    string,
    string,
    string,
  ];
  return [
    constant(one, 1),
    constant(axis, 2),
    node("Shape", ["input_ids"], `${ADDED}ids`),
    node("Gather", [`${ADDED}ids`, one], read),
    node("Shape", ["attention_mask"], `${ADDED}mask`),
    node("Gather", [`${ADDED}mask`, one], total),
    node("Sub", [total, read], start),
  ];
}

const rows = ({ name, elementType }: Present): Uint8Array[] => [
  node("Slice", [name, `${ADDED}start`, `${ADDED}total`, `${ADDED}axis`], rowsOf(name)),
  message(
    GRAPH.output,
    message(VALUE.name, Buffer.from(rowsOf(name))),
    message(VALUE.type, message(TENSOR_TYPE, varint(ELEMENT_TYPE, elementType))),
  ),
];

const node = (opType: string, inputs: readonly string[], output: string): Uint8Array =>
  message(
    GRAPH.node,
    ...inputs.map((input) => message(NODE.input, Buffer.from(input))),
    message(NODE.output, Buffer.from(output)),
    message(NODE.opType, Buffer.from(opType)),
  );

const TENSOR = { dims: 1, dataType: 2, int64Data: 7, name: 8 } as const;

/** A list of one number. */
const constant = (name: string, value: number): Uint8Array =>
  message(
    GRAPH.initializer,
    varint(TENSOR.dims, 1),
    varint(TENSOR.dataType, INT64),
    varint(TENSOR.int64Data, value),
    message(TENSOR.name, Buffer.from(name)),
  );
