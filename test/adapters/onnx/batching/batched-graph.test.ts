import { join, resolve } from "node:path";
import fc from "fast-check";
import { BATCHING, batchedGraph } from "../../../../adapters/onnx/batching/batched-graph.ts";
import { type Graph, openGraph } from "../../../../adapters/onnx/graph.ts";
import type { Tensor } from "../../../../core/protocols/spec/tensor.ts";
import { rowGraph, rowsOf } from "./row-graph.ts";

const batched = (graph: Graph) =>
  batchedGraph(graph, { monotonicMillis: () => performance.now(), epochMillis: Date.now, afterEvents: setImmediate });
const values = async (answer: Promise<readonly Tensor[]>) => [...((await answer)[0]?.data as Float32Array)];

const row = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 2, maxLength: 2 });
const request = fc.array(row, { minLength: 1, maxLength: 5 });

test("every request gets its own rows, once, whatever goes together", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 30 }), async (requests) => {
      const graph = batched(rowGraph(2));
      for (let round = 0; round < 2; round++) {
        const answers = await Promise.all(requests.map((rows) => values(graph.run([rowsOf(rows)]))));
        expect(answers).toEqual(requests.map((rows) => rows.flat().map((value) => value * 2)));
      }
    }),
    { numRuns: 50 },
  );
});

test("one request that makes a run fail fails alone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(request, fc.boolean()), { minLength: 2, maxLength: 12 }), async (requests) => {
      const graph = batched(rowGraph(2));
      const outcomes = await Promise.allSettled(
        requests.map(([rows, isBad]) => graph.run([rowsOf(isBad ? [[Number.NaN, 0], ...rows] : rows)])),
      );
      expect(outcomes.map(({ status }) => status === "rejected")).toEqual(requests.map(([, isBad]) => isBad));
    }),
    { numRuns: 30 },
  );
});

test("what is asked for at once runs as one, once the first batches have proved to be right", async () => {
  const graph = rowGraph(2);
  const { run } = batched(graph);
  const burst = () => Promise.all(Array.from({ length: 8 }, (_, index) => run([rowsOf([[index, 2]])])));
  for (let checks = 0; checks < BATCHING.checkedBatches; checks++) await burst();
  graph.runs.length = 0;
  const merged: number[] = [];
  for (let round = 0; round < 20; round++) {
    await burst();
    merged.push(...graph.runs.splice(0));
  }
  expect(merged.length).toBeLessThan(20 * 8);
  expect(merged.reduce((sum, rows) => sum + rows, 0)).toBe(20 * 8);
});

test("a single request is run at once and alone", async () => {
  const graph = rowGraph(2);
  const { run } = batched(graph);
  for (let index = 0; index < 5; index++) await run([rowsOf([[index, index]])]);
  expect(graph.runs).toEqual([1, 1, 1, 1, 1]);
});

test("a graph whose rows see each other is found out, and no answer was wrong", async () => {
  const graph = rowGraph(1, true);
  const { run } = batched(graph);
  const asked = [1, 2, 3, 4];
  const burst = () => Promise.all(asked.map((value) => values(run([rowsOf([[value]])]))));
  for (let round = 0; round < 5; round++) expect(await burst()).toEqual(asked.map((value) => [value * value]));
  graph.runs.length = 0;
  await burst();
  expect(graph.runs).toEqual([1, 1, 1, 1]);
});

test("equal requests prove nothing about a graph whose rows see each other", async () => {
  const { run } = batched(rowGraph(1, true));
  const burst = (asked: readonly number[]) => Promise.all(asked.map((value) => values(run([rowsOf([[value]])]))));
  for (let round = 0; round < BATCHING.checkedBatches + 1; round++) await burst([3, 3, 3]);
  for (let round = 0; round < BATCHING.checkedBatches + 1; round++) {
    expect(await burst([1, 2, 3])).toEqual([[1], [4], [9]]);
  }
});

test("too many that wait are turned away, and those before them are answered", async () => {
  const { run } = batched(rowGraph(1));
  const many = Array.from({ length: BATCHING.waiting + 5 }, (_, index) => run([rowsOf([[index]])]));
  const outcomes = await Promise.allSettled(many);
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused).toHaveLength(5);
  for (const { reason } of refused)
    expect(reason).toMatchObject({ code: "overloaded", retryAfterSeconds: expect.any(Number) });
});

test("texts of different lengths are padded and cut again; wrong shapes are left to the graph", async () => {
  const texts: Graph = {
    hasRowOutputs: false,
    canBeSteady: false,
    signature: {
      inputs: ["input_ids", "attention_mask"].map((name) => ({ name, dataType: "INT32", shape: [-1, -1] })),
      outputs: [{ name: "states", dataType: "FP32", shape: [-1, -1, 2] }],
    },
    async run([ids, mask]) {
      const { shape, data } = ids as Tensor;
      const marks = mask?.data as Int32Array;
      const states = Array.from(data as Int32Array, (id, at) => [id * (marks[at] as number), at % 7]).flatMap(
        ([id]) => [id, 1],
      );
      return [{ name: "states", dataType: "FP32", shape: [...shape, 2], data: new Float32Array(states as number[]) }];
    },
    runTensors: () => Promise.reject(new Error("not asked for")),
    release: () => Promise.resolve(),
  };
  const inputs = (ids: number[]): Tensor[] => [
    { name: "input_ids", dataType: "INT32", shape: [1, ids.length], data: new Int32Array(ids) },
    { name: "attention_mask", dataType: "INT32", shape: [1, ids.length], data: new Int32Array(ids.length).fill(1) },
  ];
  const graph = batched(texts);
  const asked = [
    [1, 2, 3, 4],
    [5, 6, 7],
    [8, 9, 1, 2],
    [3, 4, 5],
  ];
  for (let round = 0; round < BATCHING.checkedBatches + 2; round++) {
    const answers = await Promise.all(asked.map((ids) => graph.run(inputs(ids))));
    expect(answers.map(([states]) => states?.shape)).toEqual(asked.map((ids) => [1, ids.length, 2]));
    expect(answers.map(([states]) => [...(states?.data as Float32Array)])).toEqual(
      asked.map((ids) => ids.flatMap((id) => [id, 1])),
    );
  }
});

test("a real model answers as it does alone", async () => {
  const root = resolve(import.meta.dirname, "../../../..");
  const digits = await openGraph(join(root, "models/digits/model.onnx"), { threads: 1 });
  try {
    const [spec] = digits.signature.inputs;
    const shape = [1, ...(spec?.shape.slice(1) ?? [])];
    const size = shape.reduce((product, each) => product * each, 1);
    const image = (seed: number): Tensor => ({
      name: spec?.name ?? "",
      dataType: "FP32",
      shape,
      data: Float32Array.from({ length: size }, (_, at) => ((at * 31 + seed * 17) % 16) / 16),
    });
    const graph = batched(digits);
    const seeds = Array.from({ length: 24 }, (_, index) => index);
    const alone = [];
    for (const seed of seeds) alone.push(await values(digits.run([image(seed)])));
    for (let round = 0; round < 6; round++) {
      const together = await Promise.all(seeds.map((seed) => values(graph.run([image(seed)]))));
      for (const [index, answer] of together.entries()) {
        for (const [at, value] of answer.entries()) expect(value).toBeCloseTo(alone[index]?.[at] ?? Number.NaN, 5);
      }
    }
  } finally {
    await digits.release();
  }
});
