import fc from "fast-check";
import { MILLION, type PriceTiers, parsePriceBook, tieredCost, usEast1 } from "../../../core/pricing/price-book.ts";

describe("worked examples that AWS publishes come out as AWS says", () => {
  test("Lambda: 3 million runs of 1 s at 512 MB, after the free tier, cost 18.34 + 0.40 USD", () => {
    // https://aws.amazon.com/lambda/pricing/, example 1. AWS rounds the price of a GB-second to 0.00001667 there.
    const { freeTier, gbSecond, requestPerM } = usEast1.lambda;
    const gbSeconds = (3 * MILLION * 512) / 1024 - freeTier.gbSeconds;
    expect(gbSeconds).toBe(1_100_000);
    expect(tieredCost(gbSecond.x86_64, gbSeconds)).toBeCloseTo(18.34, 1);
    expect(((3 * MILLION - freeTier.requests) / MILLION) * requestPerM).toBeCloseTo(0.4, 10);
  });

  test("API Gateway REST: 333 million at 3.50, the next 667 at 2.80, the next 19,000 at 2.38, then 1.51", () => {
    // https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html
    const usd = (millions: number) => tieredCost(usEast1.apiGateway.restPerM, millions * MILLION) / MILLION;
    expect(usd(5)).toBeCloseTo(17.5, 6);
    expect(usd(333)).toBeCloseTo(333 * 3.5, 6);
    expect(usd(1000)).toBeCloseTo(333 * 3.5 + 667 * 2.8, 6);
    expect(usd(20_000)).toBeCloseTo(333 * 3.5 + 667 * 2.8 + 19_000 * 2.38, 6);
    expect(usd(20_001)).toBeCloseTo(333 * 3.5 + 667 * 2.8 + 19_000 * 2.38 + 1.51, 6);
  });

  test("X-Ray: a tenth of 2,000 requests an hour for 31 days, after 100,000 free traces, costs 0.24 USD", () => {
    // https://aws.amazon.com/xray/pricing/, example 1
    const traces = 2000 * 24 * 31 * 0.1;
    expect(traces).toBe(148_800);
    expect(((traces - 100_000) / MILLION) * usEast1.xray.tracesRecordedPerM).toBeCloseTo(0.24, 2);
  });

  test("WAF: an ACL with ten rules and 50 million requests costs 45 USD", () => {
    // https://c3x.dev/blog/aws-waf-cost-explained/
    const { webAclMonth, ruleMonth, requestPerM } = usEast1.waf;
    expect(webAclMonth + 10 * ruleMonth + 50 * requestPerM).toBe(45);
  });

  test("provisioned concurrency pays above 60 % use", () => {
    // Both prices per GB-second: provisioned all the time plus its cheaper duration, against duration on demand.
    const { provisionedGbSecond, provisionedDurationGbSecond, gbSecond } = usEast1.lambda;
    const onDemand = gbSecond.x86_64[0]?.[1] ?? 0;
    const share = provisionedGbSecond.x86_64 / (onDemand - provisionedDurationGbSecond.x86_64);
    expect(share).toBeCloseTo(0.6, 3);
  });
});

describe("tiers", () => {
  const tiers: PriceTiers = [
    [10, 3],
    [30, 2],
    [null, 1],
  ];

  test("each part of a quantity has the price of its own tier", () => {
    expect([0, 10, 11, 30, 31, 100].map((quantity) => tieredCost(tiers, quantity))).toEqual([0, 30, 32, 70, 71, 140]);
  });

  test("a larger quantity never costs less, and never more than at the first price", () => {
    const tables = fc
      .array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 10, noNaN: true })), { maxLength: 5 })
      .map((rows): PriceTiers => {
        const ends = [...new Set(rows.map(([end]) => end))].sort((a, b) => a - b);
        const prices = [...rows.map(([, price]) => price), 0].sort((a, b) => b - a);
        return [...ends.map((end, row) => [end, prices[row] ?? 0] as const), [null, prices.at(-1) ?? 0] as const];
      });
    const quantity = fc.double({ min: 0, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(tables, quantity, quantity, (table, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(tieredCost(table, less)).toBeLessThanOrEqual(tieredCost(table, more));
        expect(tieredCost(table, more)).toBeLessThanOrEqual(more * (table[0]?.[1] ?? 0) * (1 + 1e-12));
      }),
    );
  });

  test.each([-1, Number.NaN])("a quantity of %p is refused", (quantity) => {
    expect(() => tieredCost(tiers, quantity)).toThrow(RangeError);
  });
});

describe("a book of one's own", () => {
  test("has the same schema", () => {
    const { sagemakerHour } = usEast1;
    const ours = { ...usEast1, region: "eu-central-1", sagemakerHour: { ...sagemakerHour, "ml.g5.xlarge": 1.7 } };
    expect(parsePriceBook(ours, "ours.json").sagemakerHour["ml.g5.xlarge"]).toBe(1.7);
  });

  test.each<[string, object, RegExp]>([
    [
      "a misspelt price",
      { kms: { ...usEast1.kms, keyMonht: 1 } },
      /ours\.json is not a valid price book:\n.*"keyMonht".*\n.*at kms/,
    ],
    ["a price below zero", { s3: { ...usEast1.s3, gbMonth: -1 } }, /s3\.gbMonth/],
    ["a group without a source", { waf: { ...usEast1.waf, src: "" } }, /waf\.src/],
    [
      "tiers that do not end",
      { apiGateway: { ...usEast1.apiGateway, restPerM: [[10, 3]] } },
      /last tier.*\n.*restPerM/,
    ],
    [
      "tiers that fall",
      {
        apiGateway: {
          ...usEast1.apiGateway,
          restPerM: [
            [10, 3],
            [5, 2],
            [null, 1],
          ],
        },
      },
      /ascend/,
    ],
    ["another currency", { currency: "EUR" }, /currency/],
    ["no date", { compiled: "last week" }, /compiled/],
  ])("%s is refused by name", (_, change, pattern) => {
    expect(() => parsePriceBook({ ...usEast1, ...change }, "ours.json")).toThrow(pattern);
  });
});
