/** Prices that depend on more than tokens, on their way through the API. */
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import type { ModelRecord } from "../../../core/models/registry.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";
import { NOTHING_USED } from "../../../core/pricing/priced-usage.ts";
import { costRatesOf } from "../../../core/pricing/request-cost.ts";
import type { CardPrice } from "../../../core/pricing/request-price.ts";
import type { PricingFacts } from "../../../core/pricing/request-pricer.ts";
import { openai } from "../../../core/protocols/openai/openai.ts";
import type { InferenceResult } from "../../../core/protocols/spec/inference.ts";
import { createApi } from "../../../core/serving/api.ts";
import { createRegistryView } from "../../../core/serving/registry-view.ts";
import type { Target } from "../../../core/serving/target.ts";
import { HELLO } from "../protocols/openai/generation/generation-fixture.ts";
import { knownCaller } from "../tenants/known-caller.ts";
import { digestOf, fakeClock, first, modelOf, RESULT, reaching, requestTo, versionOf } from "./world.ts";

function world(price: CardPrice, pricing?: PricingFacts, answer: () => InferenceResult = () => RESULT) {
  const lines: UsageLine[] = [];
  const time = fakeClock();
  let asked = 0;
  const task = answer().type === "generation" ? "text-generation" : "tensor";
  const model: ModelRecord = modelOf({ versions: [{ ...versionOf(digestOf("a")), task, price }] });
  const target: Target = {
    ...{ kind: "function", name: "function", onPremises: false, hasCopies: false },
    infer: async () => {
      asked++;
      time.pass(7);
      return answer();
    },
    ready: async () => {},
  };
  const api = createApi({
    protocols: [first, openai],
    authenticator: { authenticate: () => knownCaller() },
    ...reaching(
      { local: { group: "small", target } },
      createRegistryView({ get: async () => model, list: async () => [model] }, time.clock.epochMillis),
      time.clock,
    ),
    ...(pricing && { pricing }),
    deployment: "small",
    emitUsage: (line) => lines.push(line),
    reportFault: () => {},
  });
  const ask = (request = requestTo("/v2/models/digits/infer")) =>
    api(request, { requestId: "r", deadlineMillis: time.clock.epochMillis() + 1_000, coldStart: false });
  return { ask, lines, asked: () => asked };
}

test("a whole answer is priced with the bytes that it has", async () => {
  const { ask, lines } = world({ usdPerRequestMegabyte: 1_000, usdPerResponseMegabyte: 1_000_000 });
  const { headers, body } = await ask();
  const usd = 4 * 0.001 + (body as string).length;
  expect(headers["x-farthing-price-usd"]).toBe(String(usd));
  expect(lines).toMatchObject([{ priceUsd: usd, requestBytes: 4, responseBytes: (body as string).length }]);
});

test("a stream says the price that its usage line has: of what went out before it was said", async () => {
  async function* events() {
    yield* HELLO;
  }
  const generation = () => ({ type: "generation", events: events() }) as const;
  const { ask, lines } = world({ usdPerResponseMegabyte: 1_000_000 }, undefined, generation);
  const messages = [{ role: "user", content: "Hi" }];
  const question = { model: "m", messages, stream: true, stream_options: { include_usage: true } };
  const response = await ask(requestTo("/v1/chat/completions", { body: Buffer.from(JSON.stringify(question)) }));
  let text = "";
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString();
  const [, said = ""] = /"price_usd":"(\d+)"/.exec(text) ?? [];
  const lastEvent = text.lastIndexOf("data: {");
  expect(Number(said)).toBeGreaterThan(0);
  expect(Number(said)).toBeLessThanOrEqual(Buffer.byteLength(text.slice(0, lastEvent)));
  expect(lines).toMatchObject([{ priceUsd: Number(said), responseBytes: Buffer.byteLength(text) }]);
});

test("a price by cost counts the time that the request took", async () => {
  const rates = costRatesOf(usEast1, { firewall: false });
  const self = { memoryMegabytes: 1_024, architecture: "x86_64" } as const;
  const { ask, lines } = world({ costPlusMarkup: 1 }, { cost: { rates, self, groups: {} } });
  await ask();
  const logAndData = (1_000 * 0.5 + 18 * 0.09) / 1024 ** 3;
  expect(lines[0]?.priceUsd).toBeCloseTo(2 * (3.5e-6 + 2e-7 + 0.007 * 0.0000166667 + logAndData), 11);
});

test("a free request costs nothing, and says so", async () => {
  const price = { usdPerRequest: 1, freeRequestsPerMonth: 5 };
  const monthToDate = (tenant: string, model: string) => {
    expect([tenant, model]).toEqual(["acme", "digits"]);
    return { ...NOTHING_USED, requests: 4 };
  };
  const { headers } = await world(price, { monthToDate }).ask();
  expect(headers["x-farthing-price-usd"]).toBe("0");
});

test("what cannot be charged is not served, and costs nothing", async () => {
  const { ask, lines, asked } = world({ usdPerRequest: 1, freeRequestsPerMonth: 5 });
  expect(await ask()).toMatchObject({ status: 503 });
  expect(asked()).toBe(0);
  expect(lines).toMatchObject([{ error: "model_not_ready", priceUsd: 0 }]);
});
