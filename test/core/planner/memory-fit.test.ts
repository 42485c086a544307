import fc from "fast-check";
import { ACCELERATORS } from "../../../core/planner/accelerators.ts";
import {
  BYTES_PER_GIB,
  type MemoryDemand,
  memoryArithmetic,
  memoryBudget,
  memoryNeed,
} from "../../../core/planner/memory-fit.ts";
import { largeModel } from "./large-models.ts";

const llama = largeModel("llama-3.1-8b-instruct");
const demand = (changes: Partial<MemoryDemand["serving"]> = {}, tensorParallel = 1): MemoryDemand => ({
  architecture: llama.architecture,
  serving: { ...llama.serving, ...changes },
  tensorParallel,
});
const gib = (bytes: number) => bytes / BYTES_PER_GIB;

test("weights of known models, as vLLM reports them when it loads them (14.99 and 61.04 GiB)", () => {
  expect(gib(memoryNeed(demand()).weightBytes)).toBeCloseTo(14.96, 2);
  const { architecture, serving } = largeModel("deepseek-r1-distill-qwen-32b");
  expect(gib(memoryNeed({ architecture, serving, tensorParallel: 1 }).weightBytes)).toBeCloseTo(61.03, 2);
});

test("keys and values: 128 KiB for each token of each request, half of that as fp8", () => {
  const asked = { contextTokens: 8192, concurrency: 4 };
  expect(gib(memoryNeed(demand(asked)).keyValueBytes)).toBe(4);
  expect(gib(memoryNeed(demand({ ...asked, keyValueType: "fp8" })).keyValueBytes)).toBe(2);
  // Whole blocks of 16 tokens.
  expect(memoryNeed(demand({ contextTokens: 129, concurrency: 1 })).keyValueBytes).toBe(144 * 128 * 1024);
});

test("more GPUs than heads of keys and values: each keeps one head", () => {
  const { architecture, serving } = largeModel("deepseek-r1-distill-qwen-7b");
  const on = (tensorParallel: number) => memoryNeed({ architecture, serving, tensorParallel }).keyValueBytes;
  expect(on(4)).toBe(on(1) / 4);
  expect(on(8)).toBe(on(4));
});

test("only layers are quantised: the tables of tokens stay at 16 bits", () => {
  const tables = 2 * 128_256 * 4096 * 2;
  const half = memoryNeed(demand()).weightBytes - tables;
  expect(memoryNeed(demand({ weightType: "fp8" })).weightBytes).toBe(tables + half / 2);
  expect(memoryNeed(demand({ weightType: "int4" })).weightBytes).toBeCloseTo(tables + (half / 16) * (4 + 20 / 128), 0);
});

test("the arithmetic in a message is the arithmetic that decided", () => {
  const text = memoryArithmetic(demand({ concurrency: 64 }), ACCELERATORS.L4);
  expect(text).toContain("weights 14.96 GiB + keys and values 64.00 GiB (64 requests × 8192 tokens × 131072 bytes)");
  expect(text).toContain(`= ${gib(memoryNeed(demand({ concurrency: 64 })).bytes).toFixed(2)} GiB on each of 1 GPU`);
  expect(text).toContain(`against 0.9 × 24 GB = ${gib(memoryBudget(ACCELERATORS.L4)).toFixed(2)} GiB`);
});

const architectures = fc
  .record({
    hiddenSize: fc.integer({ min: 64, max: 16_384 }),
    layers: fc.integer({ min: 1, max: 128 }),
    keyValueHeads: fc.integer({ min: 1, max: 32 }),
    headsPerKeyValueHead: fc.integer({ min: 1, max: 16 }),
    headSize: fc.integer({ min: 16, max: 256 }),
    intermediateSize: fc.integer({ min: 64, max: 65_536 }),
    vocabularySize: fc.integer({ min: 256, max: 262_144 }),
    tiedEmbeddings: fc.boolean(),
  })
  .map(({ headsPerKeyValueHead, ...rest }) => ({
    ...rest,
    attentionHeads: rest.keyValueHeads * headsPerKeyValueHead,
    maxPositions: 131_072,
  }));
const servings = fc.record({
  weightType: fc.constantFrom("bf16" as const, "fp16" as const, "fp8" as const, "int4" as const),
  keyValueType: fc.constantFrom("same" as const, "fp8" as const),
  contextTokens: fc.integer({ min: 128, max: 131_072 }),
  concurrency: fc.integer({ min: 1, max: 512 }),
  batchedTokens: fc.integer({ min: 512, max: 32_768 }),
});
const degrees = fc.constantFrom(1, 2, 4, 8);

test("the parts are positive and add up; more requests, longer contexts and larger steps never need less", () => {
  fc.assert(
    fc.property(architectures, servings, degrees, (architecture, serving, tensorParallel) => {
      const need = (changes: Partial<typeof serving> = {}) =>
        memoryNeed({ architecture, serving: { ...serving, ...changes }, tensorParallel });
      const all = need();
      const parts = [all.weightBytes, all.keyValueBytes, all.activationBytes, all.overheadBytes];
      expect(parts.every((part) => part > 0)).toBe(true);
      expect(all.bytes).toBeCloseTo(
        parts.reduce((sum, part) => sum + part, 0),
        0,
      );
      expect(need({ concurrency: serving.concurrency + 1 }).bytes).toBeGreaterThan(all.bytes);
      expect(need({ contextTokens: serving.contextTokens + 16 }).bytes).toBeGreaterThan(all.bytes);
      expect(need({ batchedTokens: serving.batchedTokens + 1 }).bytes).toBeGreaterThan(all.bytes);
      expect(need({ weightType: "int4" }).bytes).toBeLessThanOrEqual(all.bytes);
    }),
  );
});

test("twice the GPUs never need more of each for weights, keys and values, and never less than half of it", () => {
  fc.assert(
    fc.property(architectures, servings, fc.constantFrom(1, 2, 4), (architecture, serving, tensorParallel) => {
      const few = memoryNeed({ architecture, serving, tensorParallel });
      const many = memoryNeed({ architecture, serving, tensorParallel: 2 * tensorParallel });
      for (const part of ["weightBytes", "keyValueBytes"] as const) {
        expect(many[part]).toBeLessThanOrEqual(few[part]);
        expect(many[part]).toBeGreaterThanOrEqual(few[part] / 2);
      }
    }),
  );
});
