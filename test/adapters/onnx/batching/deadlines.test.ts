import fc from "fast-check";
import { BATCHING, batchedGraph } from "../../../../adapters/onnx/batching/batched-graph.ts";
import { asRequester } from "../../../../adapters/onnx/batching/request-scope.ts";
import { deadlineOf, type WaitingRun, WaitingRuns } from "../../../../adapters/onnx/batching/waiting-runs.ts";
import type { Graph } from "../../../../adapters/onnx/graph.ts";
import type { Tensor } from "../../../../core/protocols/spec/tensor.ts";
import { rowGraph, rowsOf } from "./row-graph.ts";

/** A graph whose runs take `perRow` a row and `perRun` in all, by a clock that only they move. */
function timedGraph(perRow: number, perRun: number) {
  const rows = rowGraph(1);
  const clock = { now: 0 };
  const order: number[] = [];
  const graph: Graph = {
    ...rows,
    async run(inputs, outputs) {
      const [x] = inputs;
      order.push(...(x?.data as Float32Array));
      clock.now += perRun + perRow * (x?.shape[0] ?? 0);
      return rows.run(inputs, outputs);
    },
  };
  const now = () => clock.now;
  const { run } = batchedGraph(graph, { monotonicMillis: now, epochMillis: now, afterEvents: setImmediate });
  const ask = (value: number, deadlineMillis: number, signal?: AbortSignal) =>
    asRequester({ deadlineMillis, ...(signal && { signal }) }, () => run([rowsOf([[value]])]));
  /** Enough runs, each of another size, that durations are known and the first batches are checked. */
  async function learn() {
    for (let round = 0; round < BATCHING.knownAfterRuns; round++) {
      await Promise.all(Array.from({ length: (round % 3) + 1 }, (_, value) => ask(value, Number.POSITIVE_INFINITY)));
    }
    order.length = 0;
    rows.runs.length = 0;
  }
  return { ask, clock, order, runs: rows.runs, learn };
}

test("a request whose caller has left, or whose time is over, takes nobody's time", async () => {
  const { ask, clock, order, learn } = timedGraph(0, 1);
  await learn();
  const left = new AbortController();
  const answers = Promise.allSettled([ask(1, 1e9), ask(2, 1e9, left.signal), ask(3, clock.now + 1.5), ask(4, 1e9)]);
  left.abort();
  clock.now += 2;
  const outcomes = await answers;
  expect(outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : "answered"))).toEqual([
    "answered",
    "cancelled",
    "deadline_exceeded",
    "answered",
  ]);
  expect(order).toEqual([1, 4]);
});

test("the earliest deadline goes first; equal ones in the order of their arrival", async () => {
  const { ask, order, learn } = timedGraph(100, 0);
  await learn();
  await Promise.all([ask(1, 1e6), ask(2, 1e6), ask(3, 5e5), ask(4, 1e6), ask(5, 5e5)]);
  expect(order).toEqual([3, 5, 1, 2, 4]);
});

test("nobody joins a batch whose first member would be late for it", async () => {
  const { ask, clock, runs, learn } = timedGraph(100, 10);
  await learn();
  const { now } = clock;
  await Promise.all([ask(1, now + 215), ask(2, now + 1e6), ask(3, now + 1e6), ask(4, now + 1e6)]);
  expect(runs[0]).toBe(2);
  expect(runs.reduce((sum, rows) => sum + rows, 0)).toBe(4);
});

test("what cannot be in time any more is turned away at once, with the time to wait", async () => {
  const { ask, clock, order, learn } = timedGraph(1000, 0);
  await learn();
  const waiting = [1, 2, 3].map((value) => ask(value, Number.POSITIVE_INFINITY));
  const behind = [5, 6, 7].map((value) => ask(value, clock.now + 3000));
  await expect(ask(8, clock.now + 3000)).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: 3 });
  await Promise.allSettled([...waiting, ...behind]);
  expect(order).not.toContain(8);
});

test("the queue keeps its order and its count whatever is added and taken", () => {
  const entry = fc.record({ deadlineMillis: fc.integer({ min: 0, max: 50 }), rows: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(fc.array(fc.oneof(entry, fc.constant("take" as const)), { maxLength: 60 }), (steps) => {
      const queue = new WaitingRuns({ rows: 4, paddedTokens: 100, soloRuns: 3, queueShare: 0.5 });
      const inside: WaitingRun[] = [];
      for (const step of steps) {
        if (step === "take") {
          const batch = queue.takeBatch(0, (work) => work);
          expect(batch[0]).toBe(inside.toSorted((a, b) => deadlineOf(a) - deadlineOf(b))[0]);
          for (const taken of batch) inside.splice(inside.indexOf(taken), 1);
        } else {
          const run = { key: "", inputs: [], outputs: [], rows: step.rows, length: 0 };
          const waiting = {
            run,
            requester: { deadlineMillis: step.deadlineMillis },
            ...Promise.withResolvers<readonly Tensor[]>(),
          };
          queue.add(waiting);
          inside.push(waiting);
        }
        expect(queue.length).toBe(inside.length);
        expect(queue.workBefore(Number.POSITIVE_INFINITY)).toBe(inside.reduce((sum, { run }) => sum + run.rows, 0));
      }
    }),
  );
});
