import { rmSync } from "node:fs";
import { join } from "node:path";
import { type LaterPackedGraph, openPackedLater } from "../../../adapters/onnx/pack-later.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import { modelFolder, product, productWeights, removeModelFolders } from "./model-folder.ts";
import { onnxModel } from "./onnx-writer.ts";

afterAll(removeModelFolders);

const SIZE = 64;
const WEIGHTS = productWeights(SIZE);
const onnx = onnxModel(product(SIZE));
const x: Tensor = { name: "x", dataType: "FP32", shape: [1, SIZE], data: WEIGHTS.slice(0, SIZE) };

/** A graph of one megabyte, as far as it knows: due after 1.5 ms of runs. Time goes on by `millis` with each look at the clock. */
async function world(millis: number) {
  const folder = modelFolder({ "model.onnx": onnx });
  const done: string[] = [];
  let now = 0;
  const graph = await openPackedLater(
    join(folder, "model.onnx"),
    { threads: 1 },
    {
      bytes: 2 ** 20,
      monotonicMillis: () => {
        now += millis;
        return now;
      },
      async onDone() {
        done.push("done");
        rmSync(folder, { recursive: true, force: true });
      },
    },
  );
  return { graph, done, folder };
}

const valuesOf = async (graph: LaterPackedGraph) => {
  const [output] = await graph.run([x]);
  return [...(output?.data as Float32Array)];
};

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6) as number);

test("packs once it has lost as much time as that takes, and not before", async () => {
  const { graph, done } = await world(0.6);
  const first = await valuesOf(graph);
  expect(graph.packWhenDue()).toBeUndefined();
  await valuesOf(graph);
  expect(graph.packWhenDue()).toBeUndefined();
  await valuesOf(graph);
  expect(done).toEqual([]);
  await graph.packWhenDue();
  expect(done).toEqual(["done"]);
  expect(graph.packWhenDue()).toBeUndefined();
  expect(await valuesOf(graph)).toEqual(close(first));
  await graph.release();
  expect(done).toEqual(["done"]);
});

test("a request of many runs does not wait for a pause", async () => {
  const { graph, done } = await world(1.6);
  const first = await valuesOf(graph);
  await valuesOf(graph);
  expect(done).toEqual([]);
  expect(await valuesOf(graph)).toEqual(close(first));
  expect(done).toEqual(["done"]);
  await graph.release();
});

test("runs that are under way when it packs come to their end", async () => {
  const { graph } = await world(2);
  const [first, ...others] = await Promise.all([valuesOf(graph), graph.packWhenDue(), valuesOf(graph)]);
  await valuesOf(graph);
  const packing = [valuesOf(graph), graph.packWhenDue() ?? Promise.resolve(), valuesOf(graph)];
  await Promise.all(packing);
  expect(others.at(-1)).toEqual(close(first));
  await graph.release();
});

test("where it cannot be packed, it goes on as it is", async () => {
  const { graph, done, folder } = await world(2);
  const first = await valuesOf(graph);
  rmSync(folder, { recursive: true });
  await graph.packWhenDue();
  expect(done).toEqual(["done"]);
  expect(await valuesOf(graph)).toEqual(first);
  await graph.release();
});

test("released before it was packed, it needs its files no more", async () => {
  const { graph, done } = await world(0);
  await graph.release();
  expect(done).toEqual(["done"]);
});
