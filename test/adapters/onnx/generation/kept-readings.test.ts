import fc from "fast-check";
import { createKeptReadings, KEPT } from "../../../../adapters/onnx/generation/kept-readings.ts";
import {
  createKeyValueMemory,
  unbudgetedKeyValueMemory,
} from "../../../../adapters/onnx/generation/key-value-memory.ts";
import { BYTES_PER_TOKEN, countingGraph, VOCABULARY } from "./counting-graph.ts";

function world(tokens = 10_000) {
  const bytes = tokens * BYTES_PER_TOKEN;
  const memory = createKeyValueMemory({ bytes: () => bytes, mostBytes: () => bytes, makeWay: () => {} });
  const graph = countingGraph(memory);
  const kept = createKeptReadings(memory);
  const keep = async (tenant: string, ids: readonly number[]) => {
    const reading = graph.start();
    await reading.read(ids);
    kept.keep(tenant, ids, reading);
  };
  return {
    memory,
    graph,
    kept,
    keep,
    lengthOf: (tenant: string, ids: readonly number[]) => kept.take(tenant, ids)?.length,
  };
}

const text = (length: number, salt = 0) => Array.from({ length }, (_, at) => (at * 5 + (at >> 2) + salt) % VOCABULARY);

test("the next turn goes on from the last one, which is handed over", async () => {
  const { kept, keep, memory } = world();
  const turn = text(30);
  await keep("acme", turn);
  const reading = kept.take("acme", [...turn, 1, 2, 3]);
  expect(reading?.length).toBe(30);
  expect(kept.take("acme", [...turn, 1, 2, 3])).toBeUndefined();
  reading?.release();
  expect(memory.heldBytes()).toBe(0);
});

test("another turn after the same beginning gets a copy, and both go their own ways", async () => {
  const { kept, keep, lengthOf } = world();
  const beginning = text(20);
  const [one, other] = [
    [...beginning, 1, 1, 1, 1],
    [...beginning, 2, 2, 2, 2],
  ];
  await keep("acme", one);
  const reading = kept.take("acme", other);
  expect(reading?.length).toBe(20);
  await reading?.read(other.slice(20));
  if (reading !== undefined) kept.keep("acme", other, reading);
  expect(lengthOf("acme", [...one, 3, 3])).toBe(24);
  expect(lengthOf("acme", [...other, 3, 3])).toBe(24);
});

test("two tokens are always left to read; short beginnings are read anew", async () => {
  const { keep, lengthOf } = world();
  await keep("acme", text(30));
  expect(lengthOf("acme", text(30))).toBe(28);
  await keep("short", text(KEPT.leastTokens));
  expect(lengthOf("short", [...text(KEPT.leastTokens - 1), 11, 11, 11])).toBeUndefined();
});

test("no tenant ever gets what another has read, and memory is given back to the last byte", async () => {
  const beginnings = [text(40), text(40, 3)];
  const asks = fc.array(
    fc.record({
      tenant: fc.constantFrom("a", "b"),
      beginning: fc.constantFrom(0, 1),
      length: fc.integer({ min: 2, max: 40 }),
      rest: fc.array(fc.nat({ max: VOCABULARY - 1 }), { minLength: 2, maxLength: 30 }),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(asks, fc.integer({ min: 80, max: 2_000 }), async (requests, tokens) => {
      const { memory, graph, kept } = world(tokens);
      const readBy = new Map<string, (readonly number[])[]>([
        ["a", []],
        ["b", []],
      ]);
      for (const { tenant, beginning, length, rest } of requests) {
        const ids = [...(beginnings[beginning] as number[]).slice(0, length), ...rest];
        const taken = kept.take(tenant, ids);
        if (taken !== undefined) {
          const shared = ids.slice(0, taken.length).join();
          expect((readBy.get(tenant) ?? []).some((read) => read.slice(0, taken.length).join() === shared)).toBe(true);
        }
        const reading = taken ?? graph.start();
        const received = await reading.read(ids.slice(reading.length));
        expect(received).toEqual(await countingGraph(unbudgetedKeyValueMemory()).start().read(ids));
        kept.keep(tenant, ids, reading);
        readBy.get(tenant)?.push(ids);
        expect(memory.heldBytes()).toBeLessThanOrEqual(tokens * BYTES_PER_TOKEN * KEPT.memoryShare);
      }
      kept.close();
      expect(memory.heldBytes()).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test("what is kept makes way for requests, and for models", async () => {
  const { memory, graph, keep, lengthOf } = world(100);
  await keep("acme", text(30));
  await keep("acme", text(20, 5));
  const reading = graph.start();
  await reading.read(text(70));
  expect(lengthOf("acme", [...text(30), 1, 1])).toBeUndefined();
  expect(() => memory.take(31 * BYTES_PER_TOKEN)).toThrow(
    expect.objectContaining({ code: "overloaded", message: expect.stringContaining("keys and values") }),
  );
  memory.shrink(1);
  expect(memory.heldBytes()).toBe(70 * BYTES_PER_TOKEN);
});

test("a closed one keeps nothing", async () => {
  const { memory, kept, keep, lengthOf } = world();
  await keep("acme", text(30));
  kept.close();
  expect(memory.heldBytes()).toBe(0);
  await keep("acme", text(30));
  expect(memory.heldBytes()).toBe(0);
  expect(lengthOf("acme", text(30))).toBeUndefined();
});
