import fc from "fast-check";
import { PICODOLLARS_PER_USD } from "../../../core/pricing/picodollars.ts";
import type { CardPrice } from "../../../core/pricing/price-terms.ts";
import { type MonthToDate, NOTHING_USED, type PricedUsage } from "../../../core/pricing/priced-usage.ts";
import {
  dependsOnCost,
  dependsOnMonth,
  formatUsd,
  requestPricePicodollars,
  requestPriceUsd,
} from "../../../core/pricing/request-price.ts";

const usage = (inputTokens: number, outputTokens = 0, more: Partial<PricedUsage> = {}): PricedUsage => ({
  ...{ inputTokens, outputTokens, inferenceMillis: 0, requestBytes: 0, responseBytes: 0 },
  ...more,
});
const month = (used: Partial<MonthToDate>): MonthToDate => ({ ...NOTHING_USED, ...used });

test.each<[string, CardPrice, PricedUsage, number]>([
  ["per request", { usdPerRequest: 0.0000015 }, usage(0), 0.0000015],
  ["per token in", { usdPerThousandInputTokens: 0.00002 }, usage(17), 0.00000034],
  [
    "per token in and out",
    { usdPerThousandInputTokens: 0.001, usdPerThousandOutputTokens: 0.003 },
    usage(100, 50),
    0.00025,
  ],
  [
    "all three",
    { usdPerRequest: 0.1, usdPerThousandInputTokens: 0.2, usdPerThousandOutputTokens: 0.7 },
    usage(1000, 1000),
    1,
  ],
  ["a free model", {}, usage(1000, 1000), 0],
  [
    "cached input at its own rate",
    { usdPerThousandInputTokens: 0.01, usdPerThousandCachedInputTokens: 0.001 },
    usage(1000, 0, { cachedInputTokens: 900 }),
    0.0019,
  ],
  [
    "cached input without a rate of its own",
    { usdPerThousandInputTokens: 0.01 },
    usage(1000, 0, { cachedInputTokens: 900 }),
    0.01,
  ],
  ["per second", { usdPerInferenceSecond: 0.004 }, usage(0, 0, { inferenceMillis: 12.345 }), 0.00004938],
  [
    "per megabyte",
    { usdPerRequestMegabyte: 0.01, usdPerResponseMegabyte: 0.09 },
    usage(0, 0, { requestBytes: 2_500_000, responseBytes: 1_000 }),
    0.02509,
  ],
  ["cost plus", { costPlusMarkup: 0.4, usdPerRequest: 1 }, usage(0, 0, { costPicodollars: 10n ** 12n }), 2.4],
  ["a hit", { usdPerRequest: 0.3, cacheHitShare: 0.25 }, usage(0, 0, { cacheHit: true }), 0.075],
  ["a hit without a share of its own", { usdPerRequest: 0.3 }, usage(0, 0, { cacheHit: true }), 0.3],
  ["no hit", { usdPerRequest: 0.3, cacheHitShare: 0.25 }, usage(0), 0.3],
])("%s", (_, price, used, usd) => {
  expect(requestPriceUsd(price, used)).toBe(usd);
});

test("a failed request costs nothing", () => {
  expect(requestPriceUsd({ usdPerRequest: 5 }, undefined)).toBe(0);
});

describe("over a month", () => {
  const steps: CardPrice = {
    usdPerThousandInputTokens: [
      [1_000, 0],
      [3_000, 0.5],
      [null, 0.3],
    ],
  };
  test.each([
    ["free at first", 0, 1_000, 0],
    ["across a step", 500, 1_000, 0.25],
    ["across all", 0, 4_000, 1.3],
    ["at the end of a step", 1_000, 1_000, 0.5],
    ["for ever", 1e12, 1_000, 0.3],
  ])("steps: %s", (_, before, tokens, usd) => {
    expect(requestPriceUsd(steps, usage(tokens), month({ inputTokens: before }))).toBe(usd);
  });

  test("ends of steps count seconds and megabytes", () => {
    const price: CardPrice = {
      usdPerInferenceSecond: [
        [2, 0],
        [null, 1],
      ],
      usdPerResponseMegabyte: [
        [1, 0],
        [null, 10],
      ],
    };
    const used = usage(0, 0, { inferenceMillis: 1_500, responseBytes: 500_000 });
    expect(requestPriceUsd(price, used, month({ inferenceMillis: 1_000, responseBytes: 900_000 }))).toBe(0.5 + 4);
  });

  test("cached tokens have steps of their own", () => {
    const price: CardPrice = {
      usdPerThousandInputTokens: [
        [100, 0],
        [null, 1],
      ],
      usdPerThousandCachedInputTokens: 0.1,
    };
    const before = month({ inputTokens: 1_000, cachedInputTokens: 950 });
    expect(requestPriceUsd(price, usage(100, 0, { cachedInputTokens: 20 }), before)).toBe(0.032);
  });

  test("free requests cost nothing at all, and the next one costs all", () => {
    const price: CardPrice = { usdPerRequest: 1, usdPerThousandInputTokens: 1, freeRequestsPerMonth: 3 };
    const costs = [0, 2, 3].map((requests) => requestPriceUsd(price, usage(1000), month({ requests })));
    expect(costs).toEqual([0, 0, 2]);
  });

  test("many requests cost what one with all their units costs: no step is passed over or paid twice", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000), { minLength: 1, maxLength: 20 }), (requests) => {
        let before = 0;
        let sum = 0n;
        for (const tokens of requests) {
          sum += requestPricePicodollars(steps, usage(tokens), month({ inputTokens: before }));
          before += tokens;
        }
        expect(sum).toBe(requestPricePicodollars(steps, usage(before), NOTHING_USED));
      }),
    );
  });
});

test("what a price depends on must be given: nothing is guessed", () => {
  const monthly: CardPrice = { usdPerRequest: 1, freeRequestsPerMonth: 1 };
  const costPlus: CardPrice = { costPlusMarkup: 0 };
  expect([dependsOnMonth(monthly), dependsOnMonth(costPlus)]).toEqual([true, false]);
  expect([dependsOnCost(monthly), dependsOnCost(costPlus)]).toEqual([false, true]);
  expect(() => requestPricePicodollars(monthly, usage(1))).toThrow("depends on what the tenant used in the month");
  expect(() => requestPricePicodollars(costPlus, usage(1))).toThrow("depends on the cost of the request");
});

test("rates that no double holds exactly add up exactly", () => {
  // In doubles 0.1 + 0.2 is 0.30000000000000004.
  expect(requestPriceUsd({ usdPerRequest: 0.1, usdPerThousandInputTokens: 0.2 }, usage(1000))).toBe(0.3);
});

test("rounded once, half up, to a picodollar", () => {
  const perToken = { usdPerThousandInputTokens: 1e-12 };
  expect([499, 500, 1499, 1500].map((tokens) => requestPricePicodollars(perToken, usage(tokens)))).toEqual([
    0n,
    1n,
    1n,
    2n,
  ]);
});

test("the price of many requests is what one request with all the tokens costs, but for the rounding of each", () => {
  const rate = fc.integer({ min: 0, max: 10_000_000_000 }).map((picodollars) => picodollars / PICODOLLARS_PER_USD);
  fc.assert(
    fc.property(
      rate,
      rate,
      fc.array(fc.tuple(fc.nat(5000), fc.nat(5000)), { maxLength: 50 }),
      (input, output, requests) => {
        const price = { usdPerThousandInputTokens: input, usdPerThousandOutputTokens: output };
        const each = requests.map(([used, made]) => requestPricePicodollars(price, usage(used, made)));
        const [allIn, allOut] = requests.reduce(([i, o], [used, made]) => [i + used, o + made], [0, 0]);
        const difference =
          each.reduce((sum, one) => sum + one, 0n) - requestPricePicodollars(price, usage(allIn, allOut));
        expect(Math.abs(Number(difference))).toBeLessThanOrEqual((requests.length + 1) / 2);
      },
    ),
  );
});

test("a price never falls when a request uses more", () => {
  const price = {
    usdPerRequest: 0.000001,
    usdPerThousandInputTokens: 0.0000007,
    usdPerThousandOutputTokens: 0.0000013,
  };
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(1_000_000), fc.nat(10), (input, output, more) => {
      const before = requestPricePicodollars(price, usage(input, output));
      expect(requestPricePicodollars(price, usage(input + more, output)) >= before).toBe(true);
      expect(requestPricePicodollars(price, usage(input, output + more)) >= before).toBe(true);
    }),
  );
});

test.each([
  [0, "0"],
  [1, "1"],
  [100, "100"],
  [1234.5, "1234.5"],
  [0.0000015, "0.0000015"],
  [1e-12, "0.000000000001"],
  [0.30000000000000004, "0.3"],
])("%p USD is written %p", (usd, text) => {
  expect(formatUsd(usd)).toBe(text);
});

test("what is written reads back as the same picodollars", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 4_000n * BigInt(PICODOLLARS_PER_USD) }), (picodollars) => {
      const text = formatUsd(Number(picodollars) / PICODOLLARS_PER_USD);
      const [whole = "", fraction = ""] = text.split(".");
      expect(BigInt(whole + fraction.padEnd(12, "0"))).toBe(picodollars);
    }),
  );
});
