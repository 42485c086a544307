import type { BillingSource, RecordedUsage } from "../../../cli/bill/billing-source.ts";
import { computeBill } from "../../../cli/bill/compute-bill.ts";
import type { MeasureSource } from "../../../cli/bill/measure-source.ts";
import { hoursOf, type Period, periodOf, timeOf } from "../../../cli/bill/period.ts";
import { billCsv, billJson, billLines } from "../../../cli/rendering/bill.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";
import { usdText } from "../../../core/tenants/usd-amount.ts";
import { DEPLOYMENT, line } from "../../core/pricing/cost/hour.ts";

const HOUR = 3_600_000;
const EIGHT = Date.parse("2026-11-24T08:00:00Z");

describe("a period", () => {
  test.each([
    ["2026-11-24", Date.parse("2026-11-24T00:00:00Z")],
    ["2026-11-24T08:00Z", EIGHT],
    ["2026-11-24T08:00:00.000Z", EIGHT],
    ["2026-13-01", undefined],
    ["2026-11-24T08:00", undefined],
    ["yesterday", undefined],
  ])("%s", (text, millis) => {
    expect(timeOf(text)).toBe(millis);
  });

  test("without a beginning is a day, never ends in the future, and is not empty", () => {
    expect(periodOf(EIGHT, undefined)).toEqual({ from: EIGHT - 24 * HOUR, to: EIGHT });
    expect(periodOf(EIGHT, EIGHT - 5, EIGHT + 5)).toEqual({ from: EIGHT - 5, to: EIGHT });
    expect(() => periodOf(EIGHT, EIGHT)).toThrow("for no time at all");
  });

  test("is cut at full hours", () => {
    const hours = hoursOf({ from: EIGHT + 30, to: EIGHT + 2 * HOUR + 7 });
    expect(hours).toEqual([
      { from: EIGHT + 30, to: EIGHT + HOUR },
      { from: EIGHT + HOUR, to: EIGHT + 2 * HOUR },
      { from: EIGHT + 2 * HOUR, to: EIGHT + 2 * HOUR + 7 },
    ]);
  });
});

const NOTHING: RecordedUsage = { lines: [], reports: [], unreadable: 0 };

const UNMEASURED: MeasureSource = { read: async () => ({ measures: [], gaps: ["a gap of the metrics"] }) };

async function billOf(
  recorded: (period: Period) => RecordedUsage,
  idleUsdPerMonth = 0,
  deployedSince = 0,
  measures = UNMEASURED,
) {
  const source: BillingSource = { read: async (from, to) => recorded({ from, to }) };
  const period = { from: EIGHT, to: EIGHT + 1.5 * HOUR };
  return computeBill({
    ...{ source, measures, period, deployedSince, book: usEast1, onHour: () => {} },
    deployment: { ...DEPLOYMENT, idleUsdPerMonth },
  });
}

test("hours add up, and say what is missing", async () => {
  const bill = await billOf(({ from }) =>
    from === EIGHT
      ? { lines: [line({ priceUsd: 0.5 })], reports: [], unreadable: 2 }
      : { lines: [line({ priceUsd: 0.25 }), line({ deployment: "gone" })], reports: [], unreadable: 0 },
  );
  expect(bill.rows).toMatchObject([
    { tenant: "acme", model: "mini", requests: 3, revenuePicodollars: 750_001_000_000n },
  ]);
  expect(bill.gaps).toEqual([
    "a gap of the metrics",
    "2 damaged usage lines",
    "compute of deployments that are gone: gone",
  ]);
});

test("each hour has its own measures; what they cost is shared by those who asked in it", async () => {
  const dynamoDb = (writeUnits: number) => ({ dynamoDb: { readUnits: 0, writeUnits, storedGb: 0 } });
  const bill = await billOf(
    ({ from }) => ({ ...NOTHING, lines: [line({ tenant: from === EIGHT ? "acme" : "zeta" })] }),
    0,
    0,
    { read: async () => ({ measures: [dynamoDb(1_000_000), dynamoDb(3_000_000)], gaps: [] }) },
  );
  const shares = bill.shares.filter(({ component }) => component === "dynamodb");
  expect(shares.map(({ tenant, picodollars }) => [tenant, picodollars])).toEqual([
    ["acme", 625_000_000_000n],
    ["zeta", 1_875_000_000_000n],
  ]);
  expect(bill.items).toContainEqual({
    ...{ component: "dynamodb", item: "writes", quantity: 4_000_000, unit: "write units" },
    picodollars: 2_500_000_000_000n,
  });
});

test("an hour that has only begun costs its part of the idle hour; nobody pays when nobody asks", async () => {
  const { rows } = await billOf(() => NOTHING, 730);
  expect(rows).toMatchObject([{ tenant: "", model: "", requests: 0, costPicodollars: 1_500_000_000_000n }]);
});

test("nothing stood there before the environment was deployed", async () => {
  const { rows } = await billOf(() => NOTHING, 730, EIGHT + 1.25 * HOUR);
  expect(rows).toMatchObject([{ costPicodollars: 250_000_000_000n }]);
});

describe("written down", () => {
  const row = (tenant: string, revenue: bigint, cost: bigint) => ({
    ...{ tenant, model: "mini", requests: 2, failed: 1, inputTokens: 10, outputTokens: 3 },
    ...{ revenuePicodollars: revenue, costPicodollars: cost, marginPicodollars: revenue - cost },
  });
  const bill = {
    period: { from: EIGHT, to: EIGHT + HOUR },
    rows: [row("acme", 4_000_000_000_000n, 1_000_000_000_001n), row("zeta", 0n, 5n)],
    shares: [
      { component: "logs", tenant: "acme", model: "mini", picodollars: 1n },
      { component: "egress", tenant: "acme", model: "mini", picodollars: 1_000_000_000_005n },
    ] as const,
    items: [
      { component: "logs", item: "taken in", quantity: 2, unit: "GB", picodollars: 1n },
      { component: "egress", item: "data", quantity: 0.123456, unit: "GB", picodollars: 1_000_000_000_005n },
    ] as const,
    gaps: ["a gap"],
  };

  test.each([
    [0n, "0"],
    [1n, "0.000000000001"],
    [-1_500_000_000_000n, "-1.5"],
    [20_000_000_000_000n, "20"],
  ])("%p picodollars are %s USD", (picodollars, text) => {
    expect(usdText(picodollars)).toBe(text);
  });

  const nothing = (component: string) => `${component.padEnd(42)}0.000000`;

  test("as tables", () => {
    expect(billLines(bill)).toEqual([
      "TENANT    MODEL  REQUESTS  FAILED  TOKENS IN  TOKENS OUT  REVENUE   COST      MARGIN     OF REVENUE",
      "acme      mini   2         1       10         3           4.000000  1.000000  3.000000   75.0 %",
      "zeta      mini   2         1       10         3           0.000000  0.000000  -0.000000",
      "together         4         2       20         6           4.000000  1.000000  3.000000   75.0 %",
      "",
      "COST OF                     QUANTITY      USD",
      ...["lambda-compute", "lambda-requests", "lambda-streaming", "api-gateway", "firewall", "gpu"].map(nothing),
      ...["cache", "dynamodb", "s3"].map(nothing),
      "logs              taken in  2         GB  0.000000",
      "egress            data      0.1235    GB  1.000000",
      nothing("idle"),
    ]);
  });

  test("without quantities, as for one tenant, by the shares", () => {
    expect(billLines({ ...bill, items: [] }).slice(-3)).toEqual([
      "logs                            0.000000",
      "egress                          1.000000",
      "idle                            0.000000",
    ]);
  });

  test("as CSV, to the picodollar; a name cannot break out of its field or become a formula", () => {
    const rows = [...bill.rows, row('=x,"y"', 0n, 0n)];
    expect(billCsv(rows)).toEqual([
      "tenant,model,requests,failed,input_tokens,output_tokens,revenue_usd,cost_usd,margin_usd",
      "acme,mini,2,1,10,3,4,1.000000000001,2.999999999999",
      "zeta,mini,2,1,10,3,0,0.000000000005,-0.000000000005",
      '"\'=x,""y""",mini,2,1,10,3,0,0,0',
    ]);
  });

  test("as JSON", () => {
    expect(JSON.parse(billJson(bill))).toMatchObject({
      from: "2026-11-24T08:00:00.000Z",
      rows: [{ tenant: "acme", revenueUsd: "4", costUsd: "1.000000000001" }, { tenant: "zeta" }],
      components: { egress: "1.000000000005", logs: "0.000000000001" },
      items: [{ component: "logs", quantity: 2, usd: "0.000000000001" }, { component: "egress" }],
      shares: [{ component: "logs", tenant: "acme", model: "mini", usd: "0.000000000001" }, { component: "egress" }],
      gaps: ["a gap"],
    });
  });
});
