/**
 * `GET /v1/usage`: what the caller's own tenant used, per day, model and key. In the form of OpenAI's lists; OpenAI's own
 * usage API is for an organisation's administrators and counts other things, so the path is ours.
 *
 *     ?from=2026-11-01&to=2026-11-24&group_by=day,model,key
 */
import { FarthingError } from "../../errors.ts";
import type { UsageCounts } from "../../metering/usage-counts.ts";
import { readUsageQuestion, type UsageRow, usageRows, usageTotal } from "../../metering/usage-report.ts";
import { usdText } from "../../tenants/usd-amount.ts";
import { jsonResponse } from "../json/json-response.ts";
import type { DocumentRoute } from "../protocol.ts";

const FIELDS = ["from", "to", "group_by", "group_by[]"];

export const USAGE_ROUTE: DocumentRoute = {
  kind: "document",
  method: "GET",
  path: "/v1/usage",
  open: false,
  async answer(_, { usage }, { query, caller, nowMillis }) {
    if (usage === undefined || caller === undefined) {
      throw new FarthingError("unknown_route", "This deployment does not tell usage; ask the API's own address.");
    }
    const unknown = Object.keys(query).find((field) => !FIELDS.includes(field));
    if (unknown !== undefined) {
      const message = `There is no parameter ${unknown.slice(0, 40)}; there are from, to and group_by.`;
      throw new FarthingError("unknown_field", message, { field: unknown.slice(0, 40) });
    }
    const { from, to } = query;
    const question = readUsageQuestion({ from, to, groupBy: query.group_by ?? query["group_by[]"] }, nowMillis);
    const rows = await usageRows(caller.tenant, question, usage);
    return jsonResponse({
      object: "list",
      data: rows.map(usageObject),
      has_more: false,
      from: question.from,
      to: question.to,
      total: countsObject(usageTotal(rows)),
    });
  },
};

const usageObject = (row: UsageRow) => ({
  object: "usage",
  ...(row.day !== undefined && { day: row.day }),
  ...(row.model !== undefined && { model: row.model }),
  ...(row.key !== undefined && { key: row.key }),
  ...countsObject(row),
});

/** The price as text: an amount of money is exact. */
const countsObject = (counts: UsageCounts) => ({
  requests: counts.requests,
  errors: counts.errors,
  cache_hits: counts.cacheHits,
  input_tokens: counts.inputTokens,
  output_tokens: counts.outputTokens,
  price_usd: usdText(counts.pricePicodollars),
});
