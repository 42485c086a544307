import fc from "fast-check";
import { usEast1 } from "../../../core/pricing/price-book.ts";
import { costRatesOf, type RequestMeasurements, requestCostPicodollars } from "../../../core/pricing/request-cost.ts";

const rates = costRatesOf(usEast1, { firewall: false });
const MEASURED: RequestMeasurements = {
  invocations: [{ memoryMegabytes: 512, architecture: "arm64", durationMillis: 9.2 }],
  ...{ responseBytes: 1024, logBytes: 1024, dynamoDbReadUnits: 0.5, dynamoDbWriteUnits: 0, cacheUnits: 2 },
};

test("adds up what a pocket calculator does", () => {
  const gb = 1024 / 1024 ** 3;
  const usd = 3.5e-6 + 2e-7 + 0.5 * 0.01 * 0.0000133334 + gb * 0.09 + gb * 0.5 + 0.5 * 0.125e-6 + 2 * 0.0023e-6;
  expect(requestCostPicodollars(rates, MEASURED)).toBe(BigInt(Math.round(usd * 1e12)));
});

test("INIT, a second function, a firewall, an endpoint and a long stream cost more, each by its rate", () => {
  const base = requestCostPicodollars(rates, MEASURED);
  const [router] = MEASURED.invocations;
  const more = (change: Partial<RequestMeasurements>) =>
    Number(requestCostPicodollars(rates, { ...MEASURED, ...change }) - base) / 1e12;
  if (router === undefined) throw new Error("no invocation");
  expect(more({ invocations: [{ ...router, initMillis: 100 }] })).toBeCloseTo(0.5 * 0.1 * 0.0000133334, 11);
  const group = { memoryMegabytes: 1_024, architecture: "x86_64", durationMillis: 5 } as const;
  expect(more({ invocations: [router, group] })).toBeCloseTo(2e-7 + 0.005 * 0.0000166667, 11);
  expect(more({ endpoint: { usdPerHour: 3.6, millis: 2_000 } })).toBeCloseTo(0.002, 11);
  expect(more({ responseBytes: 1024 + 11 * 1024 ** 2 })).toBeCloseTo(
    3.5e-6 + (11 / 1024) * 0.09 + ((5 + 1 / 1024) / 1024) * 0.008,
    10,
  );
  const guarded = costRatesOf(usEast1, { firewall: true });
  expect(Number(requestCostPicodollars(guarded, MEASURED) - base) / 1e12).toBeCloseTo(0.6e-6, 11);
});

test("rates are plain data that name their price book", () => {
  expect(JSON.parse(JSON.stringify(rates))).toEqual(rates);
  expect(rates.priceBook).toBe("us-east-1 2026-11-24");
});

test("more of anything never costs less: the bounds of a request bound its cost", () => {
  const amount = fc.double({ min: 0, max: 1e8, noNaN: true });
  const measured = fc.record({
    ...{ responseBytes: fc.nat(200_000_000), logBytes: fc.nat(10_000), cacheUnits: amount },
    ...{ dynamoDbReadUnits: amount, dynamoDbWriteUnits: amount },
    invocations: fc.array(
      fc.record({
        memoryMegabytes: fc.constantFrom(512, 10_240),
        architecture: fc.constantFrom("x86_64" as const, "arm64" as const),
        ...{ durationMillis: fc.double({ min: 0, max: 900_000, noNaN: true }), initMillis: fc.nat(10_000) },
      }),
      { minLength: 1, maxLength: 2 },
    ),
  });
  const grown = ["responseBytes", "logBytes", "cacheUnits", "dynamoDbReadUnits", "dynamoDbWriteUnits"] as const;
  fc.assert(
    fc.property(measured, fc.constantFrom(...grown), fc.nat(1_000_000), (used, name, more) => {
      const after = requestCostPicodollars(rates, { ...used, [name]: used[name] + more });
      expect(after >= requestCostPicodollars(rates, used)).toBe(true);
    }),
  );
});
