import fc from "fast-check";
import { priceSchema } from "../../../core/models/price-schema.ts";
import { maximumPrice, type RequestBounds } from "../../../core/pricing/maximum-price.ts";
import type { CardPrice } from "../../../core/pricing/price-terms.ts";
import type { MonthToDate, PricedUsage } from "../../../core/pricing/priced-usage.ts";
import { requestPricePicodollars } from "../../../core/pricing/request-price.ts";

const usd = fc.integer({ min: 0, max: 5_000_000_000 }).map((picodollars) => picodollars / 1e12);
const steps = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 20_000 }), { maxLength: 4 }),
    fc.array(usd, { minLength: 5, maxLength: 5 }),
  )
  .map(([ends, prices]) =>
    [...ends.sort((a, b) => a - b), null].map((end, row): [number | null, number] => [end, prices[row] as number]),
  );
const rate = fc.oneof(usd, steps);

/** Every card that the schema takes, small numbers. */
const price: fc.Arbitrary<CardPrice> = fc.record(
  {
    usdPerRequest: rate,
    usdPerThousandInputTokens: rate,
    usdPerThousandCachedInputTokens: rate,
    usdPerThousandOutputTokens: rate,
    usdPerInferenceSecond: rate,
    usdPerRequestMegabyte: rate,
    usdPerResponseMegabyte: rate,
    costPlusMarkup: fc.double({ min: 0, max: 3, noNaN: true }),
    freeRequestsPerMonth: fc.nat(3),
    cacheHitShare: fc.double({ min: 0, max: 1, noNaN: true }),
  },
  { requiredKeys: [] },
);

const quantities = {
  outputTokens: fc.nat(20_000),
  inferenceMillis: fc.double({ min: 0, max: 900_000, noNaN: true }),
  requestBytes: fc.nat(6_291_456),
  responseBytes: fc.nat(200_000_000),
};
const tokens = fc
  .tuple(fc.nat(20_000), fc.nat(20_000))
  .map(([one, other]) => ({ inputTokens: Math.max(one, other), cachedInputTokens: Math.min(one, other) }));
const usage: fc.Arbitrary<PricedUsage> = fc
  .tuple(
    tokens,
    fc.record({ ...quantities, cacheHit: fc.boolean(), costPicodollars: fc.bigInt({ min: 0n, max: 10n ** 12n }) }),
  )
  .map(([input, rest]) => ({ ...input, ...rest }));
const monthToDate: fc.Arbitrary<MonthToDate> = fc
  .tuple(tokens, fc.record({ ...quantities, requests: fc.nat(5) }))
  .map(([input, rest]) => ({ ...input, ...rest }));

const boundsOf = (used: PricedUsage, room: number): RequestBounds => ({
  maxInputTokens: used.inputTokens + room,
  maxOutputTokens: used.outputTokens + room,
  maxInferenceMillis: used.inferenceMillis + room,
  maxRequestBytes: used.requestBytes + room,
  maxResponseBytes: used.responseBytes + room,
  maxCostPicodollars: (used.costPicodollars ?? 0n) + BigInt(room),
});

test("the cards of these tests are cards", () => {
  fc.assert(fc.property(price, (card) => priceSchema.safeParse(card).success));
});

test("no usage within the bounds is priced above the maximum, whatever is known of the month", () => {
  fc.assert(
    fc.property(price, usage, monthToDate, fc.nat(100), (card, used, before, room) => {
      const charged = requestPricePicodollars(card, used, before);
      const known = maximumPrice(card, { ...boundsOf(used, room), monthToDate: before });
      const unknown = maximumPrice(card, boundsOf(used, room));
      expect(charged >= 0n && charged <= known && known <= unknown).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("a price never falls when a request uses more, in any way", () => {
  const grown = ["inputTokens", "outputTokens", "inferenceMillis", "requestBytes", "responseBytes"] as const;
  fc.assert(
    fc.property(
      price,
      usage,
      monthToDate,
      fc.constantFrom(...grown),
      fc.nat(5_000),
      (card, used, before, name, more) => {
        const after = { ...used, [name]: used[name] + more };
        expect(requestPricePicodollars(card, after, before) >= requestPricePicodollars(card, used, before)).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("without steps, free requests and cached input the maximum is the price at full use", () => {
  const flat = fc.record({ usdPerRequest: usd, usdPerThousandInputTokens: usd, usdPerInferenceSecond: usd });
  fc.assert(
    fc.property(flat, usage, (card, used) => {
      const charged = requestPricePicodollars(card, { ...used, cacheHit: false });
      expect(maximumPrice(card, boundsOf(used, 0))).toBe(charged);
    }),
  );
});

describe("reserved", () => {
  const bounds: RequestBounds = {
    ...{ maxInputTokens: 1_000, maxOutputTokens: 100, maxInferenceMillis: 1_000 },
    ...{ maxRequestBytes: 1_000_000, maxResponseBytes: 2_000_000 },
  };
  const month: MonthToDate = {
    ...{ requests: 5, inputTokens: 1_500, cachedInputTokens: 0, outputTokens: 0 },
    ...{ inferenceMillis: 0, requestBytes: 0, responseBytes: 0 },
  };

  test.each<[string, CardPrice, Partial<RequestBounds>, bigint]>([
    [
      "everything added up",
      { usdPerRequest: 1, usdPerThousandOutputTokens: 1, usdPerResponseMegabyte: 1 },
      {},
      3_100_000_000_000n,
    ],
    [
      "input at the dearer of both rates",
      { usdPerThousandInputTokens: 0.1, usdPerThousandCachedInputTokens: 0.3 },
      {},
      300_000_000_000n,
    ],
    [
      "the dearest step",
      {
        usdPerThousandInputTokens: [
          [2_000, 0.2],
          [3_000, 0.9],
          [null, 0.1],
        ],
      },
      {},
      900_000_000_000n,
    ],
    [
      "the steps that are reached",
      {
        usdPerThousandInputTokens: [
          [2_000, 0.2],
          [3_000, 0.8],
          [null, 0.1],
        ],
      },
      { monthToDate: month },
      500_000_000_000n,
    ],
    ["nothing for a request that is free", { usdPerRequest: 1, freeRequestsPerMonth: 6 }, { monthToDate: month }, 0n],
    ["all when that is not known", { usdPerRequest: 1, freeRequestsPerMonth: 6 }, {}, 1_000_000_000_000n],
    ["a hit may be a miss", { usdPerRequest: 1, cacheHitShare: 0 }, {}, 1_000_000_000_000n],
    ["cost with its mark-up", { costPlusMarkup: 0.5 }, { maxCostPicodollars: 10n }, 15n],
  ])("%s", (_, card, more, picodollars) => {
    expect(maximumPrice(card, { ...bounds, ...more })).toBe(picodollars);
  });

  test("a cost that is not bounded is refused", () => {
    expect(() => maximumPrice({ costPlusMarkup: 0.5 }, bounds)).toThrow("depends on the cost of the request");
  });
});

test.each([
  ["a last step that ends", { usdPerRequest: [[10, 1]] }, "only the last step, and it, ends at null"],
  [
    "a step after the last",
    {
      usdPerRequest: [
        [null, 1],
        [null, 2],
      ],
    },
    "only the last step",
  ],
  [
    "steps out of order",
    {
      usdPerRequest: [
        [10, 1],
        [5, 2],
        [null, 3],
      ],
    },
    "must ascend",
  ],
  ["a share above 1", { cacheHitShare: 1.1 }, "cacheHitShare"],
  ["a negative rate", { usdPerInferenceSecond: -1 }, "usdPerInferenceSecond"],
  ["a typo", { usdPerToken: 1 }, "usdPerToken"],
])("no card: %s", (_, card, words) => {
  const { error } = priceSchema.safeParse(card);
  expect(JSON.stringify(error?.issues)).toContain(words);
});
