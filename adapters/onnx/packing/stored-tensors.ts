/** The constants of an ONNX graph: what they are called, how large they are, and where their numbers lie. */
import { GRAPH, MODEL_GRAPH, TENSOR } from "../generation/onnx-nodes.ts";
import { eachField, text } from "../generation/protobuf.ts";

export interface StoredTensor {
  readonly dims: readonly number[];
  /** In the graph itself: little-endian. Absent when they lie in another file. */
  readonly bytes?: Uint8Array;
  /** `external_data`: `location`, `offset`, `length`, and `prepacked_…` for each packed form. */
  readonly external: ReadonlyMap<string, string>;
}

const RAW_DATA = 9;
const EXTERNAL_ENTRY = { key: 1, value: 2 } as const;

export function storedTensors(model: Uint8Array): ReadonlyMap<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  eachField(model, (field, graph) => {
    if (field !== MODEL_GRAPH) return;
    eachField(graph, (part, value) => void (part === GRAPH.initializer && tensors.set(...tensorOf(value))));
  });
  return tensors;
}

function tensorOf(tensor: Uint8Array): [name: string, tensor: StoredTensor] {
  let name = "";
  let bytes: Uint8Array | undefined;
  const dims: number[] = [];
  const listed: number[] = [];
  const external = new Map<string, string>();
  eachField(tensor, (field, value, number) => {
    if (field === TENSOR.name) name = text(value);
    else if (field === TENSOR.dims) dims.push(...numbersOf(value, number));
    else if (field === TENSOR.int64Data) listed.push(...numbersOf(value, number));
    else if (field === RAW_DATA) bytes = value;
    else if (field === TENSOR.externalData) external.set(...externalEntry(value));
  });
  if (listed.length > 0) bytes = new Uint8Array(BigInt64Array.from(listed, BigInt).buffer);
  return [name, { dims, external, ...(bytes && { bytes }) }];
}

/** `external_data` holds pairs of texts. */
export function externalEntry(bytes: Uint8Array): [key: string, value: string] {
  let [key, value] = ["", ""];
  eachField(bytes, (field, content) => {
    if (field === EXTERNAL_ENTRY.key) key = text(content);
    else if (field === EXTERNAL_ENTRY.value) value = text(content);
  });
  return [key, value];
}

/** One by one, or all in one field (packed). */
function numbersOf(packed: Uint8Array, single: number): number[] {
  if (packed.length === 0) return [single];
  const numbers: number[] = [];
  let value = 0;
  let factor = 1;
  for (const byte of packed) {
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte >= 0x80) continue;
    numbers.push(value);
    value = 0;
    factor = 1;
  }
  return numbers;
}
