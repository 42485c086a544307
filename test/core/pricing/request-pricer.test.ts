import fc from "fast-check";
import { usEast1 } from "../../../core/pricing/price-book.ts";
import type { CardPrice } from "../../../core/pricing/price-terms.ts";
import { NOTHING_USED } from "../../../core/pricing/priced-usage.ts";
import { costRatesOf } from "../../../core/pricing/request-cost.ts";
import {
  type CostFacts,
  type PricingFacts,
  type RequestPricer,
  requestPricer,
} from "../../../core/pricing/request-pricer.ts";

const USAGE = { inputTokens: 1_000, outputTokens: 0, inferenceMillis: 20, requestBytes: 0, responseBytes: 1_000 };
const BOUNDS = {
  ...{ maxInputTokens: 1_000, maxOutputTokens: 0, maxInferenceMillis: 30, maxRequestBytes: 0, maxResponseBytes: 1_000 },
};
const never = () => {
  throw new Error("must not be asked");
};
const pricer = (facts: PricingFacts, price: CardPrice, group?: string) =>
  requestPricer(facts, { ...{ price, tenant: "acme", model: "mini" }, ...(group && { group }) });
const COST: CostFacts = {
  rates: costRatesOf(usEast1, { firewall: false }),
  self: { memoryMegabytes: 512, architecture: "arm64" },
  groups: { small: { memoryMegabytes: 1_769, architecture: "x86_64" } },
};

test("a plain price asks for nothing, and is there at once", () => {
  const plain = pricer({ monthToDate: never }, { usdPerRequest: 1 }) as RequestPricer;
  expect(plain.price(USAGE, never)).toBe(10n ** 12n);
  expect(plain.maximum(BOUNDS)).toBe(10n ** 12n);
});

test("price and maximum see the same month, whether it is at hand or looked up", async () => {
  const price: CardPrice = { usdPerRequest: 1, freeRequestsPerMonth: 10 };
  const used = (requests: number) => ({ ...NOTHING_USED, requests });
  const free = pricer({ monthToDate: () => used(9) }, price) as RequestPricer;
  expect([free.maximum(BOUNDS), free.price(USAGE, never)]).toEqual([0n, 0n]);
  const paid = await pricer({ monthToDate: async () => used(10) }, price);
  expect([paid.maximum(BOUNDS), paid.price(USAGE, never)]).toEqual([10n ** 12n, 10n ** 12n]);
});

test("a price by cost counts this function and the one that it forwards to", () => {
  const here = pricer({ cost: COST }, { costPlusMarkup: 0 }) as RequestPricer;
  const there = pricer({ cost: COST }, { costPlusMarkup: 0 }, "small") as RequestPricer;
  const difference = Number(there.price(USAGE, () => 30) - here.price(USAGE, () => 30)) / 1e12;
  expect(difference).toBeCloseTo(0.2e-6 + (1_769 / 1_024) * 0.02 * 0.0000166667, 11);
  const dearer = pricer({ cost: COST }, { costPlusMarkup: 0.5 }) as RequestPricer;
  expect(Number(dearer.price(USAGE, () => 30)) / Number(here.price(USAGE, () => 30))).toBeCloseTo(1.5, 6);
});

test("a price by cost stays below its maximum until the deadline", () => {
  fc.assert(
    fc.property(
      fc.nat(900_000),
      fc.nat(900_000),
      fc.nat(50_000_000),
      fc.constantFrom(undefined, "small"),
      (a, b, bytes, group) => {
        const priced = pricer({ cost: COST }, { costPlusMarkup: 0.4 }, group) as RequestPricer;
        const [inferenceMillis, deadline] = [Math.min(a, b), Math.max(a, b)];
        const most = priced.maximum({ ...BOUNDS, maxInferenceMillis: deadline, maxResponseBytes: bytes });
        expect(priced.price({ ...USAGE, inferenceMillis, responseBytes: bytes }, () => deadline) <= most).toBe(true);
      },
    ),
  );
});

test.each<[string, PricingFacts, CardPrice, string | undefined]>([
  ["a month that nobody knows", {}, { usdPerRequest: 1, freeRequestsPerMonth: 1 }, undefined],
  ["a cost that nobody knows", {}, { costPlusMarkup: 1 }, undefined],
  ["a function that nobody knows", { cost: COST }, { costPlusMarkup: 1 }, "gone"],
])("refused before any work: %s", (_, facts, price, group) => {
  expect(() => pricer(facts, price, group)).toThrow(
    expect.objectContaining({ code: "model_not_ready", message: expect.stringContaining('The price of model "mini"') }),
  );
});
