import fc from "fast-check";
import type { EndpointCard } from "../../../core/models/endpoint-card.ts";
import { ACCELERATORS, INSTANCE_TYPES } from "../../../core/planner/accelerators.ts";
import { chooseInstances, MAX_HOURLY_PRICE_RATIO, MAX_INSTANCE_POOLS } from "../../../core/planner/choose-instances.ts";
import { memoryBudget, memoryNeed } from "../../../core/planner/memory-fit.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";
import { largeModel } from "./large-models.ts";
import { withInstances } from "./other-prices.ts";

const chat = largeModel("deepseek-r1-distill-qwen-7b");
const large = largeModel("deepseek-r1-distill-qwen-32b");
const vectors = largeModel("qwen3-embedding-0.6b");
const serving = (card: EndpointCard, changes: Partial<EndpointCard["serving"]>): EndpointCard => ({
  ...card,
  serving: { ...card.serving, ...changes },
});
const typeOf = (name: string) => INSTANCE_TYPES.find((type) => type.name === name);

test("every type with a GPU in the table has a price, and every priced NVIDIA type is in the table", () => {
  const priced = Object.keys(usEast1.sagemakerHour).filter((name) => /^ml\.(?:g\d|p\d)/.test(name));
  expect(INSTANCE_TYPES.map(({ name }) => name).sort()).toEqual(priced.sort());
});

test("7 billion parameters fit on one GPU of 24 GB, 32 billion need several, 0.6 billion the smallest", () => {
  expect(chooseInstances([chat], usEast1)[0]).toMatchObject({
    instanceType: "ml.g5.xlarge",
    models: [{ name: chat.name, tensorParallel: 1 }],
  });
  const [first] = chooseInstances([large], usEast1);
  expect(first).toMatchObject({ instanceType: "ml.g7e.12xlarge", models: [{ tensorParallel: 2 }] });
  expect(chooseInstances([vectors], usEast1)[0]?.instanceType).toBe("ml.g4dn.xlarge");
});

test("a price in the book decides: the dearer type goes back, and without a price it goes", () => {
  const dearer = withInstances({ "ml.g5.xlarge": 1.6 });
  const [first, ...others] = chooseInstances([chat], dearer).map(({ instanceType }) => instanceType);
  expect(first).not.toBe("ml.g5.xlarge");
  expect(others).toContain("ml.g5.xlarge");
  const { "ml.g5.xlarge": _, ...rest } = usEast1.sagemakerHour;
  const without = { ...usEast1, sagemakerHour: rest as typeof usEast1.sagemakerHour };
  expect(chooseInstances([chat], without).map(({ instanceType }) => instanceType)).not.toContain("ml.g5.xlarge");
});

test("several models share an instance that has GPUs for all of them", () => {
  for (const { instanceType, models } of chooseInstances([chat, vectors], usEast1)) {
    expect(models.map(({ name }) => name)).toEqual([chat.name, vectors.name]);
    expect(typeOf(instanceType)?.accelerators).toBeGreaterThanOrEqual(2);
  }
  const many = [large, large, large, large, large].map((card) => serving(card, { concurrency: 40 }));
  expect(() => chooseInstances(many, usEast1)).toThrow("no instance type has GPUs for");
});

test("what fits nowhere is refused, with the sum of the type that comes closest and what to change", () => {
  expect(() => chooseInstances([serving(large, { contextTokens: 131_072, concurrency: 1024 })], usEast1)).toThrow(
    /^deepseek-r1-distill-qwen-32b fits on no instance type: closest is ml\.\S+, with weights .* GiB \+ keys and values .* = .* GiB on each of \d GPUs against 0\.9 × \d+ GB = .* GiB\. Lower serving\.contextTokens/,
  );
});

test("a number format that a GPU lacks: no bfloat16 on T4, no fp8 on A10G or A100", () => {
  const types = (card: EndpointCard) => chooseInstances([card], usEast1).map(({ instanceType }) => instanceType);
  expect(types(serving(vectors, { weightType: "bf16" })).filter((type) => type.includes("g4dn"))).toEqual([]);
  expect(types(serving(chat, { keyValueType: "fp8" })).filter((type) => /g5|p4d/.test(type))).toEqual([]);
});

test("whatever is chosen fits, is in order of price per token, and is not out of proportion", () => {
  const asked = fc.record({
    weightType: fc.constantFrom("bf16" as const, "fp16" as const, "fp8" as const, "int4" as const),
    keyValueType: fc.constantFrom("same" as const, "fp8" as const),
    contextTokens: fc.integer({ min: 128, max: 131_072 }),
    concurrency: fc.integer({ min: 1, max: 64 }),
    batchedTokens: fc.integer({ min: 512, max: 16_384 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(chat, large, vectors), asked, (card, changes) => {
      const changed = serving(card, changes);
      let choices: ReturnType<typeof chooseInstances>;
      try {
        choices = chooseInstances([changed], usEast1);
      } catch {
        // Then it fits nowhere.
        for (const { accelerator, accelerators } of INSTANCE_TYPES) {
          const tensorParallel =
            [8, 4, 2, 1].find((n) => n <= accelerators && card.architecture.attentionHeads % n === 0) ?? 1;
          const { computeCapability } = ACCELERATORS[accelerator];
          const lacks = computeCapability < (changes.weightType === "fp8" || changes.keyValueType === "fp8" ? 8.9 : 0);
          const fits = memoryNeed({ ...changed, tensorParallel }).bytes <= memoryBudget(ACCELERATORS[accelerator]);
          expect(fits && !lacks).toBe(false);
        }
        return;
      }
      expect(choices.length).toBeLessThanOrEqual(MAX_INSTANCE_POOLS);
      const cheapest = Math.min(...choices.map(({ usdPerHour }) => usdPerHour));
      for (const [index, { instanceType, usdPerHour, usdPerMillionTokens, models }] of choices.entries()) {
        const type = typeOf(instanceType) ?? INSTANCE_TYPES[0];
        const tensorParallel = models[0]?.tensorParallel ?? 0;
        expect(tensorParallel).toBeLessThanOrEqual(type?.accelerators ?? 0);
        const { bytes } = memoryNeed({ ...changed, tensorParallel });
        expect(bytes).toBeLessThanOrEqual(memoryBudget(ACCELERATORS[type?.accelerator ?? "T4"]));
        expect(usdPerMillionTokens).toBeGreaterThanOrEqual(choices[index - 1]?.usdPerMillionTokens ?? 0);
        expect(usdPerHour).toBeLessThanOrEqual(MAX_HOURLY_PRICE_RATIO * cheapest);
      }
    }),
  );
});
