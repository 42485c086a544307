import fc from "fast-check";
import type { BilledHour } from "../../../../core/pricing/cost/billed-hour.ts";
import { splitExactly } from "../../../../core/pricing/cost/exact.ts";
import { hourlyCost } from "../../../../core/pricing/cost/hourly-cost.ts";
import { readLambdaReport } from "../../../../core/pricing/cost/lambda-report.ts";
import { usEast1 } from "../../../../core/pricing/price-book.ts";
import { hour, line } from "./hour.ts";

const costs = (billed: BilledHour, component: string) =>
  Object.fromEntries(
    hourlyCost(billed, usEast1)
      .shares.filter((share) => share.component === component)
      .map(({ tenant, model, picodollars }) => [`${tenant} ${model}`, picodollars]),
  );

describe("who caused it", () => {
  test("compute by what Lambda reports, where it does, and else by the usage line, rounded up to a millisecond", () => {
    const reported = line({ requestId: "cold" });
    const reports = [{ deployment: "small", requestId: "cold", billedMillis: 400, memoryMegabytes: 1_769 }];
    const billed = hour({ lines: [reported, line({ tenant: "zeta", durationMillis: 99.1 })], reports });
    const { "acme mini": acme, "zeta mini": zeta } = costs(billed, "lambda-compute");
    expect(Number(acme) / Number(zeta)).toBeCloseTo(4, 5);
    expect(Number(acme)).toBeCloseTo((1_769 / 1_024) * 0.4 * 16_666_700, -1);
  });

  test("a cold start that no report tells of is billed with its INIT", () => {
    const cold = line({ coldStart: true, initMillis: 97.5, durationMillis: 2.5 });
    const { "acme mini": acme, "zeta mini": zeta } = costs(
      hour({ lines: [cold, line({ tenant: "zeta", durationMillis: 1 })] }),
      "lambda-compute",
    );
    expect(Number(acme) / Number(zeta)).toBeCloseTo(100, 2);
  });

  test("a forwarded request pays both functions, at each one's memory and architecture", () => {
    const forwarded = line({
      deployment: "router",
      target: "remote-function",
      durationMillis: 30,
      inferenceMillis: 20,
    });
    const compute = costs(hour({ lines: [forwarded] }), "lambda-compute");
    const router = 0.5 * 0.03 * 13_333_400;
    const group = (1_769 / 1_024) * 0.02 * 16_666_700;
    expect(Number(compute["acme mini"])).toBeCloseTo(router + group, -1);
    expect(costs(hour({ lines: [forwarded] }), "lambda-requests")).toEqual({ "acme mini": 400_000n });
  });

  test("what the group reports is shared by the time that it worked for each", () => {
    const forwarded = (tenant: string, inferenceMillis: number) =>
      line({ tenant, deployment: "router", target: "remote-function", inferenceMillis });
    const reports = [{ deployment: "small", requestId: "its-own", billedMillis: 1_000, memoryMegabytes: 1_769 }];
    const free = { router: { memoryMegabytes: 0, architecture: "arm64" as const } };
    const small = { small: { memoryMegabytes: 1_769, architecture: "x86_64" as const } };
    const billed = hour({
      lines: [forwarded("acme", 30), forwarded("zeta", 10)],
      ...{ reports, deployment: { functions: { ...free, ...small } } },
    });
    const { "acme mini": acme, "zeta mini": zeta } = costs(billed, "lambda-compute");
    expect(Number(acme) / Number(zeta)).toBeCloseTo(3, 6);
  });

  test("an endpoint's idle time is paid by those who used it, as much as they did", () => {
    const asked = (tenant: string, inferenceMillis: number) => line({ tenant, model: "chat", inferenceMillis });
    const endpoint = { instanceType: "ml.g5.xlarge", instanceSeconds: 3_600, models: ["chat"] };
    const lines = [asked("acme", 900), asked("zeta", 100), line({ tenant: "other", model: "mini" })];
    expect(costs(hour({ lines, measured: { endpoints: [endpoint] } }), "gpu")).toEqual({
      "acme chat": 1_269_000_000_000n,
      "zeta chat": 141_000_000_000n,
    });
    expect(costs(hour({ measured: { endpoints: [endpoint] } }), "gpu")).toEqual({ " ": 1_410_000_000_000n });
  });

  test("instances are idle cost, not milliseconds", () => {
    const functions = { small: { memoryMegabytes: 4_096, architecture: "x86_64", managed: true } } as const;
    expect(costs(hour({ lines: [line()], deployment: { functions } }), "lambda-compute")).toEqual({});
  });

  test("models that do not exist are no rows; deployments that nobody knows are named", () => {
    const lines = [line({ model: "made-up", version: "", target: "none" }), line({ deployment: "gone" })];
    const cost = hourlyCost(hour({ lines }), usEast1);
    expect(new Set(cost.shares.map(({ model }) => model))).toEqual(new Set(["", "mini"]));
    expect(cost.unknownDeployments).toEqual(["gone"]);
  });
});

const usageLine = fc
  .record({
    tenant: fc.constantFrom("acme", "zeta", "umbra"),
    model: fc.constantFrom("mini", "digits", "chat"),
    target: fc.constantFrom("function" as const, "remote-function" as const),
    deployment: fc.constantFrom("router", "small"),
    responseBytes: fc.nat(30_000_000),
    inferenceMillis: fc.double({ min: 0, max: 5_000, noNaN: true }),
    durationMillis: fc.double({ min: 0, max: 5_000, noNaN: true }),
  })
  .map(line);
const report = fc.record({
  deployment: fc.constantFrom("router", "small"),
  requestId: fc.uuid(),
  billedMillis: fc.nat(10_000),
  memoryMegabytes: fc.constantFrom(512, 1_769),
});

test("every picodollar of every item is somebody's: the sums agree to the last digit", () => {
  fc.assert(
    fc.property(fc.array(usageLine, { maxLength: 30 }), fc.array(report, { maxLength: 10 }), (lines, reports) => {
      const { items, shares } = hourlyCost(
        hour({
          lines,
          reports,
          deployment: { firewall: true, idleUsdPerMonth: 12.34 },
          measured: {
            endpoints: [{ instanceType: "ml.g5.xlarge", instanceSeconds: 1_234, models: ["chat"] }],
            cache: { processingUnits: 12_345, averageGb: 0.2 },
            dynamoDb: { readUnits: 17.5, writeUnits: 3, storedGb: 0.1 },
            s3: { gets: 5, puts: 1, storedGb: 1.5 },
            logBytes: 98_765,
          },
        }),
        usEast1,
      );
      for (const component of new Set(items.map((item) => item.component))) {
        const sum = (rows: readonly { readonly component: string; readonly picodollars: bigint }[]) =>
          rows.filter((row) => row.component === component).reduce((all, row) => all + row.picodollars, 0n);
        expect(sum(shares)).toBe(sum(items));
      }
      expect(shares.every(({ picodollars }) => picodollars > 0n)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("a split adds up, and nobody is more than a picodollar away from his part", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 15n }),
      fc.array(fc.bigInt({ min: 0n, max: 10n ** 9n }), { minLength: 1, maxLength: 20 }),
      (total, weights) => {
        const sum = weights.reduce((all, weight) => all + weight, 0n);
        fc.pre(sum > 0n);
        const shares = splitExactly(total, weights);
        expect(shares.reduce((all, share) => all + share, 0n)).toBe(total);
        for (const [index, share] of shares.entries()) {
          const off = share * sum - total * (weights[index] as bigint);
          expect(off < sum && off > -sum).toBe(true);
        }
      },
    ),
  );
  expect(() => splitExactly(1n, [0n])).toThrow("at least one weight");
});

describe("Lambda's own lines", () => {
  const expected = { deployment: "small", requestId: "8f5", billedMillis: 413, memoryMegabytes: 1_769 };
  test.each([
    [
      "text",
      "REPORT RequestId: 8f5\tDuration: 12.60 ms\tBilled Duration: 413 ms\tMemory Size: 1769 MB\tMax Memory Used: 90 MB\tInit Duration: 400.00 ms\t",
    ],
    [
      "JSON",
      '{"time":"2026-11-24T08:00:00Z","type":"platform.report","record":{"requestId":"8f5","metrics":{"durationMs":12.6,"billedDurationMs":413,"memorySizeMB":1769}}}',
    ],
  ])("%s", (_, message) => {
    expect(readLambdaReport(message, "small")).toEqual(expected);
  });

  test.each([
    ["START RequestId: 8f5 Version: $LATEST"],
    ["REPORT RequestId: 8f5\tDuration: 12.60 ms"],
    ['{"message":"\\"platform.report\\""}'],
    ['"platform.report"'],
    ['{"type":"platform.report","record":{"requestId":"8f5","metrics":{"billedDurationMs":-1,"memorySizeMB":1}}}'],
  ])("others are none: %s", (message) => {
    expect(readLambdaReport(message, "small")).toBeUndefined();
  });
});
