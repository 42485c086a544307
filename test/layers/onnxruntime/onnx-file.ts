/** The smallest ONNX file there is a use for: `sum = left + right`, two floats each. Protocol buffers, written by hand. */
const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]);
const number = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];
const bytes = (field: number, content: readonly number[]): number[] => [
  ...varint((field << 3) | 2),
  ...varint(content.length),
  ...content,
];
const text = (field: number, value: string): number[] => bytes(field, [...new TextEncoder().encode(value)]);

const FLOAT = 1;
/** onnx.proto: ValueInfoProto { name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { dim_value = 1 } } } } } */
const floats = (name: string, count: number) => [
  ...text(1, name),
  ...bytes(2, bytes(1, [...number(1, FLOAT), ...bytes(2, bytes(1, number(1, count)))])),
];

/** onnx.proto: NodeProto { input = 1, output = 2, op_type = 4 } */
const addNode = [...text(1, "left"), ...text(1, "right"), ...text(2, "sum"), ...text(4, "Add")];

/** onnx.proto: GraphProto { node = 1, name = 2, input = 11, output = 12 } */
const graph = [
  ...bytes(1, addNode),
  ...text(2, "add"),
  ...bytes(11, floats("left", 2)),
  ...bytes(11, floats("right", 2)),
  ...bytes(12, floats("sum", 2)),
];

const IR_VERSION = 8;
const OPSET_VERSION = 13;

/** onnx.proto: ModelProto { ir_version = 1, graph = 7, opset_import = 8 { version = 2 } } */
export const additionModel = Uint8Array.from([
  ...number(1, IR_VERSION),
  ...bytes(7, graph),
  ...bytes(8, number(2, OPSET_VERSION)),
]);
