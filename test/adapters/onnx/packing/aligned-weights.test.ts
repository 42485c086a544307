import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openGraph } from "../../../../adapters/onnx/graph.ts";
import { alignedGraph } from "../../../../adapters/onnx/packing/aligned-weights.ts";
import { PACKED_GRAPH, PACKED_WEIGHTS } from "../../../../adapters/onnx/packing/packed-files.ts";
import { storePacked } from "../../../../adapters/onnx/packing/store-packed.ts";
import { cardOf } from "../model-folder.ts";
import { bytesOf, type GraphDescription, type Initializer, type Node, onnxModel } from "../onnx-writer.ts";

const root = mkdtempSync(join(tmpdir(), "farthing-test-aligned-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SIZE = 576;
const BLOCK = 32;
const BLOCKS = SIZE / BLOCK;

/** Products with 4-bit weights and 8-bit activations, one behind the other: each packed weight is some 249 kB and 2 bytes long. */
function quantisedProducts(count: number): GraphDescription {
  const initializers: Initializer[] = [];
  const nodes: Node[] = [];
  for (let layer = 0; layer < count; layer++) {
    const weights = Uint8Array.from({ length: (SIZE * SIZE) / 2 }, (_, at) => (at * 31 + layer * 7) % 256);
    const scales = Float32Array.from({ length: SIZE * BLOCKS }, (_, at) => (1 + (at % 5)) / 500);
    const shape = [SIZE, BLOCKS, BLOCK / 2];
    initializers.push(
      { name: `weights${layer}`, element: "UINT8", shape, data: weights },
      { name: `scales${layer}`, element: "FLOAT", shape: [scales.length], data: bytesOf(scales) },
    );
    nodes.push({
      op: "MatMulNBits",
      domain: "com.microsoft",
      inputs: [layer === 0 ? "x" : `y${layer - 1}`, `weights${layer}`, `scales${layer}`],
      outputs: [layer === count - 1 ? "y" : `y${layer}`],
      attributes: { K: SIZE, N: SIZE, bits: 4, block_size: BLOCK, accuracy_level: 4 },
    });
  }
  const rows = (name: string) => ({ name, element: "FLOAT", shape: ["rows", SIZE] }) as const;
  return { inputs: [rows("x")], outputs: [rows("y")], nodes, initializers };
}

const folder = (): string => mkdtempSync(join(root, "folder-"));

function versionOf(graph: GraphDescription): string {
  const directory = folder();
  writeFileSync(join(directory, "model.onnx"), onnxModel(graph));
  return directory;
}

async function answer(path: string, packing?: { readonly type: "packed" }): Promise<Float32Array> {
  const graph = await openGraph(path, { threads: 1, ...(packing && { packing }) });
  const data = Float32Array.from({ length: 3 * SIZE }, (_, at) => Math.sin(at));
  const [y] = await graph.run([{ name: "x", dataType: "FP32", shape: [3, SIZE], data }]);
  await graph.release();
  return y?.data as Float32Array;
}

test("a chain of quantised products answers packed as it does plain, to the last bit", async () => {
  const directory = versionOf(quantisedProducts(4));
  const packed = folder();
  await storePacked({ directory, card: cardOf() }, packed, root);
  expect(readdirSync(packed).sort()).toEqual([PACKED_GRAPH, PACKED_WEIGHTS]);
  expect(await answer(join(packed, PACKED_GRAPH), { type: "packed" })).toEqual(
    await answer(join(directory, "model.onnx")),
  );
});

test("every weight and every packed form of it is moved to a multiple of 64 bytes, none over another", async () => {
  const directory = versionOf(quantisedProducts(3));
  const stored = folder();
  const packing = { type: "store", graph: join(stored, PACKED_GRAPH), weights: PACKED_WEIGHTS } as const;
  await (await openGraph(join(directory, "model.onnx"), { threads: 1, packing })).release();
  const written = readFileSync(join(stored, PACKED_GRAPH));
  const { graph, moves } = alignedGraph(written);
  // Three weights, packed each, and their scales.
  expect(moves).toHaveLength(9);
  expect(moves.some(({ from }) => from % 64 !== 0)).toBe(true);
  for (const [at, { to }] of moves.entries()) {
    expect(to % 64).toBe(0);
    const before = moves[at - 1];
    expect(to).toBeGreaterThanOrEqual(before === undefined ? 0 : before.to + before.bytes);
  }
  // What the graph says now is where things are: nothing is left to move.
  const again = alignedGraph(graph);
  expect(again.moves.map(({ from }) => from)).toEqual(moves.map(({ to }) => to));
  expect(Buffer.compare(again.graph, graph)).toBe(0);
});
