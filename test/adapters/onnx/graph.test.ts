import { join } from "node:path";
import { type Graph, openGraph } from "../../../adapters/onnx/graph.ts";
import { onnxRuntime } from "../../../adapters/onnx/runtime.ts";
import type { DataType, Tensor, TensorData } from "../../../core/protocols/spec/tensor.ts";
import { addition, modelFolder, removeModelFolders } from "./model-folder.ts";
import { bytesOf, type Element, type GraphDescription, onnxModel } from "./onnx-writer.ts";

const graphs: Graph[] = [];
afterAll(async () => {
  for (const graph of graphs) await graph.release();
  removeModelFolders();
});

async function open(description: GraphDescription, files: Record<string, Uint8Array> = {}): Promise<Graph> {
  const folder = modelFolder({ "model.onnx": onnxModel(description), ...files });
  const graph = await openGraph(join(folder, "model.onnx"), { threads: 1 });
  graphs.push(graph);
  return graph;
}

const identity = (element: Element, shape: readonly (number | string)[] = ["n"]): GraphDescription => ({
  inputs: [{ name: "x", element, shape }],
  outputs: [{ name: "y", element, shape }],
  nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
});

const CASES: readonly [Element, DataType, TensorData][] = [
  ["BOOL", "BOOL", Uint8Array.of(1, 0)],
  ["UINT8", "UINT8", Uint8Array.of(0, 255)],
  ["UINT16", "UINT16", Uint16Array.of(0, 65_535)],
  ["UINT32", "UINT32", Uint32Array.of(0, 4_294_967_295)],
  ["UINT64", "UINT64", BigUint64Array.of(0n, 2n ** 64n - 1n)],
  ["INT8", "INT8", Int8Array.of(-128, 127)],
  ["INT16", "INT16", Int16Array.of(-32_768, 32_767)],
  ["INT32", "INT32", Int32Array.of(-2_147_483_648, 2_147_483_647)],
  ["INT64", "INT64", BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n)],
  ["FLOAT16", "FP16", Uint16Array.of(0x3c00, 0xfbff, 0x7c00)],
  ["FLOAT", "FP32", Float32Array.of(1.5, Number.NaN, Number.NEGATIVE_INFINITY)],
  ["DOUBLE", "FP64", Float64Array.of(Math.PI, -0)],
  ["STRING", "BYTES", ["", "zwölf 🙂"]],
];

test.each(CASES)("%s goes in and comes out as %s, bit by bit", async (element, dataType, data) => {
  const graph = await open(identity(element));
  expect(graph.signature).toEqual({
    inputs: [{ name: "x", dataType, shape: [-1] }],
    outputs: [{ name: "y", dataType, shape: [-1] }],
  });
  const input: Tensor = { name: "x", dataType, shape: [data.length], data };
  const [output] = await graph.run([input]);
  expect(output).toEqual({ ...input, name: "y" });
  if (!Array.isArray(data)) {
    expect(Buffer.from(bytesOf((output as Tensor).data as Uint8Array))).toEqual(
      Buffer.from(bytesOf(data as Uint8Array)),
    );
  }
});

test("scalars, fixed and open dimensions stand in the signature as they are", async () => {
  expect((await open(identity("FLOAT", []))).signature.inputs[0]?.shape).toEqual([]);
  expect((await open(identity("FLOAT", [2, "n", ""]))).signature.inputs[0]?.shape).toEqual([2, -1, -1]);
});

test("only the outputs that were asked for are computed and given, in that order", async () => {
  const graph = await open({
    ...identity("FLOAT"),
    outputs: ["a", "b"].map((name) => ({ name, element: "FLOAT" as const, shape: ["n"] })),
    nodes: [
      { op: "Neg", inputs: ["x"], outputs: ["a"] },
      { op: "Abs", inputs: ["x"], outputs: ["b"] },
    ],
  });
  const input: Tensor = { name: "x", dataType: "FP32", shape: [1], data: Float32Array.of(-2) };
  expect((await graph.run([input], ["b"])).map(({ name, data }) => [name, data[0]])).toEqual([["b", 2]]);
  expect((await graph.run([input])).map(({ name }) => name)).toEqual(["a", "b"]);
});

test("an output that is a sequence is left out, and does not disturb the others", async () => {
  const graph = await open({
    ...identity("FLOAT"),
    outputs: [
      { name: "y", element: "FLOAT", shape: ["n"] },
      { name: "all", element: "FLOAT", shape: ["n"], isSequence: true },
    ],
    nodes: [
      { op: "Identity", inputs: ["x"], outputs: ["y"] },
      { op: "SequenceConstruct", inputs: ["x", "x"], outputs: ["all"] },
    ],
  });
  expect(graph.signature.outputs.map(({ name }) => name)).toEqual(["y"]);
  const [output] = await graph.run([{ name: "x", dataType: "FP32", shape: [1], data: Float32Array.of(3) }]);
  expect(output?.data).toEqual(Float32Array.of(3));
});

test("types that ONNX Runtime for Node cannot hand over are refused when the graph is opened", async () => {
  await expect(open(identity("BFLOAT16"))).rejects.toThrow("Unsupported data type: 16");
});

test("weights in a file of their own are mapped, and outlive the file's name", async () => {
  const weights = bytesOf(Float32Array.of(10, 20));
  const { initializers: _, ...graph } = addition(0);
  const opened = await open(
    {
      ...graph,
      initializers: [{ name: "bias", element: "FLOAT", shape: [2], data: weights, external: "weights.bin" }],
    },
    { "weights.bin": weights },
  );
  removeModelFolders();
  const [output] = await opened.run([{ name: "x", dataType: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) }]);
  expect(output?.data).toEqual(Float32Array.of(11, 22));
});

describe("what a graph refuses is the caller's to change", () => {
  test("sizes that do not agree with each other", async () => {
    const graph = await open({
      inputs: ["a", "b"].map((name) => ({ name, element: "FLOAT" as const, shape: ["n"] })),
      outputs: [{ name: "y", element: "FLOAT", shape: ["n"] }],
      nodes: [{ op: "Add", inputs: ["a", "b"], outputs: ["y"] }],
    });
    const inputs = [2, 3].map((length, index): Tensor => {
      const name = index === 0 ? "a" : "b";
      return { name, dataType: "FP32", shape: [length], data: new Float32Array(length) };
    });
    await expect(graph.run(inputs)).rejects.toMatchObject({
      code: "invalid_field",
      message: expect.stringMatching(/cannot run on these inputs: .*2 by 3/),
    });
    await expect(graph.run(inputs)).rejects.not.toThrow(/onnxruntime_src|\.h:/);
  });

  test("values that lead outside a table", async () => {
    const graph = await open({
      inputs: [{ name: "x", element: "INT64", shape: ["n"] }],
      outputs: [{ name: "y", element: "FLOAT", shape: ["n"] }],
      initializers: [{ name: "table", element: "FLOAT", shape: [2], data: bytesOf(Float32Array.of(1, 2)) }],
      nodes: [{ op: "Gather", inputs: ["table", "x"], outputs: ["y"] }],
    });
    const input: Tensor = { name: "x", dataType: "INT64", shape: [1], data: BigInt64Array.of(9n) };
    await expect(graph.run([input])).rejects.toMatchObject({
      code: "invalid_field",
      message: expect.stringContaining("idx=9"),
    });
  });

  test("a type that cannot be given", async () => {
    const graph = await open(identity("FLOAT"));
    const input: Tensor = { name: "x", dataType: "BF16", shape: [1], data: new Uint16Array(1) };
    await expect(graph.run([input])).rejects.toMatchObject({ code: "invalid_datatype", field: "x" });
  });
});

test("the runtime is loaded once", () => {
  expect(onnxRuntime()).toBe(onnxRuntime());
});
