import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph, openGraph, openGraphBytes } from "../../../../adapters/onnx/graph.ts";
import { alignWeights } from "../../../../adapters/onnx/packing/aligned-weights.ts";
import { addToBlockSums } from "../../../../adapters/onnx/packing/block-sums.ts";
import { foldedOffsets } from "../../../../adapters/onnx/packing/folded-offsets.ts";
import { bytesOf, type GraphDescription, type Initializer, type Node, onnxModel } from "../onnx-writer.ts";

const root = mkdtempSync(join(tmpdir(), "farthing-test-folding-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const BLOCK = 32;
const INNER = 96;
const BLOCKS = INNER / BLOCK;
const COLUMNS = 48;

const constant = (name: string, element: Initializer["element"], shape: readonly number[], data: ArrayBufferView) => ({
  name,
  element,
  shape,
  data: bytesOf(data),
});
const int64 = (name: string, values: readonly number[]) =>
  constant(name, "INT64", [values.length], BigInt64Array.from(values, BigInt));
const floats = (name: string, shape: readonly number[], value: (at: number) => number) =>
  constant(
    name,
    "FLOAT",
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => value(at)),
  );

/** One of several products of x with an offset, as conversions from GGUF's Q4_1 write them. */
const product = (name: string): readonly Node[] => [
  {
    op: "MatMulNBits",
    domain: "com.microsoft",
    inputs: ["x", `${name}.q`, `${name}.scale`],
    outputs: [`${name}.main`],
    attributes: { K: INNER, N: COLUMNS, bits: 4, block_size: BLOCK, accuracy_level: 4 },
  },
  { op: "MatMul", inputs: ["sums", `${name}.offsets`], outputs: [`${name}.rest`] },
  { op: "Add", inputs: [`${name}.main`, `${name}.rest`], outputs: [name] },
];
const constants = (name: string, seed: number): readonly Initializer[] => [
  constant(
    `${name}.q`,
    "UINT8",
    [COLUMNS, BLOCKS, BLOCK / 2],
    Uint8Array.from({ length: (COLUMNS * INNER) / 2 }, (_, at) => (at * 37 + seed * 11) % 256),
  ),
  floats(`${name}.scale`, [COLUMNS * BLOCKS], (at) => (1 + ((at + seed) % 7)) / 64),
  floats(`${name}.offsets`, [BLOCKS, COLUMNS], (at) => Math.sin(at + seed)),
];

const graphOf = (
  changes: Partial<{ nodes: readonly Node[]; axis: number; shape: number[]; results: string[] }> = {},
) => {
  const { nodes = [], axis = -1, shape = [0, 0, BLOCKS, BLOCK], results = ["a", "b"] } = changes;
  const description: GraphDescription = {
    inputs: [{ name: "x", element: "FLOAT", shape: [1, "rows", INNER] }],
    outputs: results.map((name) => ({ name, element: "FLOAT", shape: [1, "rows", COLUMNS] })),
    initializers: [int64("shape", shape), int64("axis", [axis]), ...constants("a", 1), ...constants("b", 2)],
    nodes: [
      { op: "Reshape", inputs: ["x", "shape"], outputs: ["blocks"] },
      { op: "ReduceSum", inputs: ["blocks", "axis"], outputs: ["sums"], attributes: { keepdims: 0 } },
      ...product("a"),
      ...product("b"),
      ...nodes,
    ],
  };
  return onnxModel(description);
};

/** Whole numbers up to 127, which every block has: what 8 bits hold without rounding. */
const x = (rows: number) => {
  const data = Float32Array.from({ length: rows * INNER }, (_, at) =>
    at % BLOCK === 0 ? 127 : ((at * 29) % 255) - 127,
  );
  return [{ name: "x", dataType: "FP32", shape: [1, rows, INNER], data }] as const;
};

async function results(graph: Graph, rows: number): Promise<readonly number[]> {
  const outputs = await graph.run(x(rows));
  return outputs.flatMap(({ data }) => [...(data as Float32Array)]);
}

test("packed with their offsets, products are what they were, for one row and for several, without the nodes", async () => {
  const original = join(root, "original.onnx");
  writeFileSync(original, graphOf());
  const folded = foldedOffsets(readFileSync(original));
  expect(folded?.folds.map(({ offsets }) => offsets)).toEqual(["a.offsets", "b.offsets"]);
  const [packedGraph, packedWeights] = [join(root, "packed.onnx"), join(root, "packed.weights")];
  const packing = { type: "store", graph: packedGraph, weights: "packed.weights" } as const;
  const stored = await openGraphBytes(folded?.graph as Uint8Array, root, { threads: 1, packing });
  await stored.release();
  await alignWeights(packedGraph, packedWeights);
  const before = readFileSync(packedWeights);
  if (!(await addToBlockSums(folded?.folds ?? [], { original, packedGraph, packedWeights }))) {
    // A processor that packs otherwise: nothing may have been touched.
    expect(readFileSync(packedWeights).equals(before)).toBe(true);
    return;
  }
  const plain = await openGraph(original, { threads: 1 });
  const packed = await openGraph(packedGraph, { threads: 1, packing: { type: "packed" } });
  for (const rows of [1, 2, 7]) {
    const expected = await results(plain, rows);
    const largest = Math.max(...expected.map(Math.abs));
    const received = await results(packed, rows);
    const difference = Math.max(...expected.map((value, at) => Math.abs(value - (received[at] as number))));
    expect(difference / largest).toBeLessThan(1e-6);
  }
  await Promise.all([plain.release(), packed.release()]);
  // What was changed once is not what is looked for.
  expect(await addToBlockSums(folded?.folds ?? [], { original, packedGraph, packedWeights })).toBe(false);
});

test.each([
  ["sums of other blocks", { shape: [0, 0, BLOCK, BLOCKS] }, []],
  ["sums over another axis", { axis: 2 }, []],
  ["a product that is itself a result", { results: ["a", "b", "a.main"] }, ["b.offsets"]],
  [
    "an offset that something else reads",
    { nodes: [{ op: "Neg", inputs: ["b.rest"], outputs: ["c"] }], results: ["a", "b", "c"] },
    ["a.offsets"],
  ],
] as const)("left as it is: %s", (_, changes, expected) => {
  const folded = foldedOffsets(graphOf(changes as Parameters<typeof graphOf>[0]));
  expect(folded?.folds.map(({ offsets }) => offsets) ?? []).toEqual(expected);
});
