import { reconcileUsage } from "../../../../core/metering/reconcile-usage.ts";
import { USAGE_ROUTE } from "../../../../core/protocols/openai/usage.ts";
import type { Catalogue } from "../../../../core/protocols/protocol.ts";
import { memoryUsageStore } from "../../metering/memory-usage-store.ts";
import { usageLine } from "../../metering/usage-lines.ts";
import { knownCaller } from "../../tenants/known-caller.ts";

const NOW = Date.parse("2026-11-24T18:00:00Z");

async function world() {
  const usage = memoryUsageStore();
  const lines = [
    usageLine({ requestId: "1" }),
    usageLine({ requestId: "2", key: "fk_bbbb", cache: "hit", priceUsd: 0.0000005 }),
    usageLine({ requestId: "3", model: "nope", error: "unknown_model", status: 404, priceUsd: 0 }),
    usageLine({ requestId: "4", at: "2026-11-23T23:59:59.999Z" }),
    usageLine({ requestId: "5", tenant: "globex" }),
  ];
  await reconcileUsage(lines, { store: usage, isDeleted: async () => false, costOf: () => 0n });
  const catalogue = { usage } as unknown as Catalogue;
  return async (query: Record<string, string>, tenant = "acme") => {
    const response = await USAGE_ROUTE.answer({}, catalogue, {
      query,
      caller: knownCaller({ tenant }),
      nowMillis: NOW,
    });
    return JSON.parse(response.body as string) as { readonly data: readonly object[]; readonly total: object };
  };
}

test("today, by day and model, in the form of a list", async () => {
  const ask = await world();
  expect(await ask({})).toEqual({
    object: "list",
    data: [
      {
        object: "usage",
        day: "2026-11-24",
        model: "digits",
        requests: 2,
        errors: 0,
        cache_hits: 1,
        input_tokens: 6,
        output_tokens: 10,
        price_usd: "0.000002",
      },
      {
        object: "usage",
        day: "2026-11-24",
        model: "nope",
        requests: 1,
        errors: 1,
        cache_hits: 0,
        input_tokens: 3,
        output_tokens: 5,
        price_usd: "0",
      },
    ],
    has_more: false,
    from: "2026-11-24",
    to: "2026-11-24",
    total: { requests: 3, errors: 1, cache_hits: 1, input_tokens: 9, output_tokens: 15, price_usd: "0.000002" },
  });
});

test("other days and groups, and never another tenant", async () => {
  const ask = await world();
  const byKey = await ask({ from: "2026-11-23", group_by: "key" });
  expect(byKey.data).toMatchObject([
    { key: "fk_aaaa", requests: 3 },
    { key: "fk_bbbb", requests: 1 },
  ]);
  expect((await ask({ "group_by[]": "" })).data).toMatchObject([{ requests: 3 }]);
  expect((await ask({}, "globex")).total).toMatchObject({ requests: 1 });
  expect((await ask({}, "initech")).data).toEqual([]);
});

test.each([
  [{ tenant: "globex" }, "unknown_field"],
  [{ from: "x" }, "invalid_field"],
])("%j is refused", async (query, code) => {
  const ask = await world();
  await expect(ask(query as unknown as Record<string, string>)).rejects.toMatchObject({ code });
});
