/**
 * One source for a price: what is charged while serving, request by request from the month's records, is what the card's terms say of
 * the whole month at once, and what the bill sums up. Also across steps and the end of a free amount.
 */
import * as fc from "fast-check";
import { createMonthToDate } from "../../../core/metering/month-to-date.ts";
import { reconcileUsage } from "../../../core/metering/reconcile-usage.ts";
import { billRows } from "../../../core/pricing/bill.ts";
import { usdOf } from "../../../core/pricing/picodollars.ts";
import { type CardPrice, priceTerms } from "../../../core/pricing/price-terms.ts";
import { stepParts } from "../../../core/pricing/request-price.ts";
import { requestPricer } from "../../../core/pricing/request-pricer.ts";
import { memoryUsageStore } from "../metering/memory-usage-store.ts";
import { usageLine } from "../metering/usage-lines.ts";

const NOON = Date.parse("2026-11-24T12:00:00Z");
/** The first 100 tokens are free, the next 200 cost 1 USD per thousand, the others half of it; a request costs less from the fourth on. */
const PRICE: CardPrice = {
  usdPerThousandInputTokens: [
    [100, 0],
    [300, 1],
    [null, 0.5],
  ],
  usdPerRequest: [
    [3, 0.002],
    [null, 0.001],
  ],
} as CardPrice;

test("a month that crosses steps costs while serving what it costs as a whole, and what the bill says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 12 }), async (requests) => {
      const store = memoryUsageStore();
      // A clock that jumps an hour between requests: the records are read again each time.
      let now = NOON;
      const monthToDate = createMonthToDate(store, () => now);
      const lines = [];
      for (const [index, inputTokens] of requests.entries()) {
        now = NOON + index * 3_600_000;
        const request = { price: PRICE, tenant: "acme", model: "mini" };
        const pricer = await requestPricer({ monthToDate }, request);
        const quantities = { inputTokens, outputTokens: 0, inferenceMillis: 0, requestBytes: 0, responseBytes: 0 };
        const line = usageLine({
          ...{ tenant: "acme", model: "mini", inputTokens, requestId: `r${index}`, at: new Date(now).toISOString() },
          priceUsd: usdOf(pricer.price(quantities, () => 0)),
        });
        lines.push(line);
        await reconcileUsage([line], { store, isDeleted: async () => false, costOf: () => 0n });
      }
      const whole = { requests: requests.length, inputTokens: requests.reduce((sum, tokens) => sum + tokens, 0) };
      const parts = priceTerms(PRICE).terms.reduce(
        (sum, { name, steps }) =>
          sum + stepParts(steps, 0, name === "usdPerRequest" ? whole.requests : whole.inputTokens),
        0n,
      );
      const billed = billRows(lines, []).reduce((sum, { revenuePicodollars }) => sum + revenuePicodollars, 0n);
      expect(billed).toBe(parts / 1_000_000n);
    }),
    { numRuns: 100 },
  );
});
