import { hourlyCost } from "../../../../core/pricing/cost/hourly-cost.ts";
import {
  type LineCostFacts,
  lineCostPicodollars,
  parseLineCostFacts,
} from "../../../../core/pricing/cost/line-cost.ts";
import { usEast1 } from "../../../../core/pricing/price-book.ts";
import { costRatesOf } from "../../../../core/pricing/request-cost.ts";
import { DEPLOYMENT, hour, line } from "./hour.ts";

const FACTS: LineCostFacts = {
  rates: costRatesOf(usEast1, { firewall: false }),
  functions: DEPLOYMENT.functions,
  holders: { mini: "small" },
  endpointHours: { chat: 3.6 },
};

/** What the bill of an hour says of it, with the same first tiers. */
const billed = (one: ReturnType<typeof line>): bigint =>
  hourlyCost(hour({ lines: [one] }), usEast1).items.reduce((sum, { picodollars }) => sum + picodollars, 0n);

test.each([
  ["answered where it came in", line({ durationMillis: 12.3 })],
  ["a cold start", line({ coldStart: true, initMillis: 180.4 })],
  ["forwarded", line({ deployment: "router", target: "remote-function", inferenceMillis: 4.2, durationMillis: 9 })],
  ["a stream of 25 MB", line({ responseBytes: 25 * 1024 ** 2 })],
])("%s: the same as in the bill", (_, one) => {
  // Each item of the bill is rounded by itself.
  expect(Number(lineCostPicodollars(FACTS, one) - billed(one))).toBeCloseTo(0, -1);
});

test("on an endpoint the time that it worked is added, at the price of the instance", () => {
  const facts = { deployment: "router", model: "chat", inferenceMillis: 2_000 };
  const [remote, endpoint] = (["http", "endpoint"] as const).map((target) =>
    lineCostPicodollars(FACTS, line({ ...facts, target })),
  ) as [bigint, bigint];
  // The line is longer by four characters.
  expect(Number(endpoint - remote) / 1e12).toBeCloseTo(0.002, 8);
});

test("a request is priced by the model that answered, and by the only group where no other is named", () => {
  const forwarded = line({ deployment: "router", target: "remote-function", model: "gone", inferenceMillis: 5 });
  const known = { ...forwarded, answeredBy: "mini" };
  expect(lineCostPicodollars(FACTS, known)).toBeGreaterThan(lineCostPicodollars(FACTS, forwarded));
  expect(lineCostPicodollars({ ...FACTS, onlyGroup: "small" }, forwarded)).toBeGreaterThan(
    lineCostPicodollars(FACTS, forwarded),
  );
});

test("facts travel as JSON, and a wrong one is named", () => {
  expect(parseLineCostFacts(JSON.stringify(FACTS))).toEqual(FACTS);
  expect(() => parseLineCostFacts(JSON.stringify({ ...FACTS, holders: 1 }))).toThrow("holders");
});
