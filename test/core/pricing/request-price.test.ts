import fc from "fast-check";
import {
  formatUsd,
  PICODOLLARS_PER_USD,
  requestPricePicodollars,
  requestPriceUsd,
} from "../../../core/pricing/request-price.ts";

const usage = (inputTokens: number, outputTokens = 0) => ({ inputTokens, outputTokens });

test.each([
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
])("%s", (_, price, used, usd) => {
  expect(requestPriceUsd(price, used)).toBe(usd);
});

test("a failed request costs nothing", () => {
  expect(requestPriceUsd({ usdPerRequest: 5 }, undefined)).toBe(0);
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
