/**
 * Writes small ONNX files, so that tests say in code what a graph does. Only what they need of the format:
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export const ELEMENT = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
} as const;

export type Element = keyof typeof ELEMENT;

export interface ValueInfo {
  readonly name: string;
  readonly element: Element;
  /** A string is a symbolic dimension. */
  readonly shape: readonly (number | string)[];
  /** A sequence of such tensors instead of one. */
  readonly isSequence?: boolean;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of the operator; default: ONNX's own. */
  readonly domain?: string;
  /** Integer attributes. */
  readonly attributes?: Readonly<Record<string, number>>;
}

export interface Initializer {
  readonly name: string;
  readonly element: Element;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
  /** File that holds the data, beside the model, from its first byte on. */
  readonly external?: string;
}

export interface GraphDescription {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers?: readonly Initializer[];
}

const OPSET = 17;
const IR_VERSION = 8;
const EXTERNAL = 1;
const ATTRIBUTE_TYPE_INT = 2;

export function onnxModel({ inputs, outputs, nodes, initializers = [] }: GraphDescription): Buffer {
  const graph = message(
    ...nodes.map((node) => field(1, nodeOf(node))),
    field(2, Buffer.from("test")),
    ...initializers.map((initializer) => field(5, tensorOf(initializer))),
    ...inputs.map((input) => field(11, valueOf(input))),
    ...outputs.map((output) => field(12, valueOf(output))),
  );
  const domains = new Set(nodes.flatMap(({ domain }) => domain ?? []));
  const opsets = [...domains].map((domain) => field(8, message(field(1, Buffer.from(domain)), number(2, 1))));
  return message(number(1, IR_VERSION), field(7, graph), field(8, message(number(2, OPSET))), ...opsets);
}

export const bytesOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const nodeOf = ({ op, inputs, outputs, domain, attributes = {} }: Node) =>
  message(
    ...inputs.map((name) => field(1, Buffer.from(name))),
    ...outputs.map((name) => field(2, Buffer.from(name))),
    field(4, Buffer.from(op)),
    ...(domain === undefined ? [] : [field(7, Buffer.from(domain))]),
    ...Object.entries(attributes).map(([name, value]) =>
      field(5, message(field(1, Buffer.from(name)), number(3, value), number(20, ATTRIBUTE_TYPE_INT))),
    ),
  );

function valueOf({ name, element, shape, isSequence }: ValueInfo): Buffer {
  const dimensions = shape.map((size) =>
    field(1, typeof size === "number" ? number(1, size) : field(2, Buffer.from(size))),
  );
  const tensor = field(1, message(number(1, ELEMENT[element]), field(2, message(...dimensions))));
  return message(field(1, Buffer.from(name)), field(2, isSequence ? field(4, field(1, tensor)) : tensor));
}

function tensorOf({ name, element, shape, data, external }: Initializer): Buffer {
  const head = [...shape.map((size) => number(1, size)), number(2, ELEMENT[element]), field(8, Buffer.from(name))];
  if (external === undefined) return message(...head, field(9, data));
  const entry = (key: string, value: string) =>
    field(13, message(field(1, Buffer.from(key)), field(2, Buffer.from(value))));
  const location = [entry("location", external), entry("offset", "0"), entry("length", String(data.length))];
  return message(...head, ...location, number(14, EXTERNAL));
}

const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields);
const field = (id: number, content: Uint8Array): Buffer =>
  Buffer.concat([varint((id << 3) | 2), varint(content.length), content]);
const number = (id: number, value: number): Buffer => Buffer.concat([varint(id << 3), varint(value)]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
