import { billRows } from "../../../core/pricing/bill.ts";
import { hourlyCost } from "../../../core/pricing/cost/hourly-cost.ts";
import { picodollarsOf } from "../../../core/pricing/picodollars.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";
import { hour, line } from "./cost/hour.ts";

test("a row for each tenant and model: what was charged, what it cost, what is left", () => {
  const lines = [
    line({ priceUsd: 0.5, inputTokens: 7 }),
    line({ priceUsd: 0.25, outputTokens: 3 }),
    line({ tenant: "zeta", error: "deadline_exceeded", status: 504, priceUsd: 0 }),
  ];
  const shares = [
    { component: "egress", tenant: "acme", model: "mini", picodollars: 100n },
    { component: "logs", tenant: "acme", model: "mini", picodollars: 11n },
    { component: "logs", tenant: "zeta", model: "mini", picodollars: 500n },
    { component: "idle", tenant: "", model: "", picodollars: 3n },
  ] as const;
  const counts = { failed: 0, inputTokens: 0, outputTokens: 0, revenuePicodollars: 0n };
  expect(billRows(lines, shares)).toEqual([
    {
      ...counts,
      tenant: "zeta",
      model: "mini",
      requests: 1,
      failed: 1,
      inputTokens: 10,
      costPicodollars: 500n,
      marginPicodollars: -500n,
    },
    {
      ...{ tenant: "acme", model: "mini", requests: 2, failed: 0, inputTokens: 17, outputTokens: 3 },
      revenuePicodollars: 750_000_000_000n,
      costPicodollars: 111n,
      marginPicodollars: 749_999_999_889n,
    },
    { ...counts, tenant: "", model: "", requests: 0, costPicodollars: 3n, marginPicodollars: -3n },
  ]);
});

test("the rows' sums are the sums of what they are made of", () => {
  const lines = Array.from({ length: 50 }, (_, index) =>
    line({
      tenant: `t${index % 3}`,
      model: index % 2 ? "mini" : "digits",
      priceUsd: index * 1.1e-6,
      durationMillis: index,
    }),
  );
  const { items, shares } = hourlyCost(hour({ lines }), usEast1);
  const rows = billRows(lines, shares);
  const sum = (values: readonly bigint[]) => values.reduce((all, value) => all + value, 0n);
  expect(sum(rows.map((row) => row.costPicodollars))).toBe(sum(items.map((item) => item.picodollars)));
  expect(sum(rows.map((row) => row.revenuePicodollars))).toBe(sum(lines.map((one) => picodollarsOf(one.priceUsd))));
});
