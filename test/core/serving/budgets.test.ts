/** Budgets and limits on their way through the API: what a caller sees, and what is charged, where they end. */
import OpenAI from "openai";
import { createAdmission } from "../../../core/metering/admission-by-leases.ts";
import { createMemoryAccountStore } from "../../../core/metering/leases/memory-account-store.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { openai } from "../../../core/protocols/openai/openai.ts";
import type { GenerationEvent } from "../../../core/protocols/spec/generation.ts";
import { createApi } from "../../../core/serving/api.ts";
import { createRegistryView } from "../../../core/serving/registry-view.ts";
import { NO_TERMS, type Terms } from "../../../core/tenants/terms.ts";
import { knownCaller } from "../tenants/known-caller.ts";
import { digestOf, fakeClock, modelOf, reaching, requestTo, versionOf } from "./world.ts";

/** A thousandth of a dollar for each token out. */
const PRICE = { usdPerThousandOutputTokens: 1 };
const budgetOf = (usd: number): Terms => ({
  budgets: { daily: { picodollars: BigInt(Math.round(usd * 1e12)), enforcement: "hard" } },
  limits: {},
});

async function* counting(tokens: number): AsyncGenerator<GenerationEvent> {
  yield { type: "start", inputTokens: 2 };
  yield { type: "text-start", choice: 0 };
  for (let i = 0; i < tokens; i++) yield { type: "text-delta", choice: 0, text: `${i} `, outputTokens: 1 };
  yield { type: "text-finish", choice: 0, reason: "stop", outputTokens: 0 };
  yield { type: "finish", usage: { inputTokens: 2, outputTokens: tokens, inferenceMillis: 1 } };
}

function world(terms: Terms, tokens = 10) {
  const lines: UsageLine[] = [];
  const time = fakeClock();
  const model = modelOf({
    name: "m",
    versions: [{ ...versionOf(digestOf("a")), task: "text-generation", price: PRICE }],
  });
  let started = 0;
  let leases = 0;
  const api = createApi({
    protocols: [openai],
    authenticator: { authenticate: () => knownCaller({ terms: { tenant: terms, key: NO_TERMS } }) },
    ...reaching(
      {
        local: {
          group: "small",
          target: {
            ...{ kind: "function", name: "function", onPremises: false, hasCopies: false },
            infer: async () => {
              started++;
              return { type: "generation", events: counting(tokens) };
            },
            ready: async () => {},
          },
        },
      },
      createRegistryView({ get: async () => model, list: async () => [model] }, time.clock.epochMillis),
      time.clock,
    ),
    admission: createAdmission({
      store: createMemoryAccountStore(),
      clock: time.clock,
      newLeaseId: () => `lease-${leases++}`,
      random: () => 0.5,
    }),
    deployment: "small",
    emitUsage: (line) => lines.push(line),
    reportFault: () => {},
  });
  let requests = 0;
  const client = new OpenAI({
    apiKey: "k",
    maxRetries: 0,
    fetch: async (url, init) => {
      const body = Buffer.from(String(init?.body));
      const deadlineMillis = time.clock.epochMillis() + 60_000;
      const request = requestTo(new URL(String(url)).pathname, { body });
      const response = await api(request, { requestId: `r${requests++}`, deadlineMillis, coldStart: false });
      const stream =
        typeof response.body === "string"
          ? response.body
          : ReadableStream.from(response.body as AsyncIterable<Uint8Array>);
      return new Response(stream as string | ReadableStream, { status: response.status, headers: response.headers });
    },
  });
  const chat = (fields: object = {}) =>
    client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "Hi" }], ...fields });
  async function streamed() {
    let text = "";
    const stream = await client.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "Hi" }],
      stream: true,
    });
    try {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      return { text, error: undefined };
    } catch (error) {
      return { text, error };
    }
  }
  return { chat, streamed, lines, client, started: () => started };
}

const charged = (lines: readonly UsageLine[]): number => lines.reduce((sum, { priceUsd }) => sum + priceUsd, 0);

test("a stream ends where its budget does, with an error that the client raises; what was delivered is charged", async () => {
  const { streamed, lines } = world(budgetOf(0.005));
  const { text, error } = await streamed();
  expect(text).toBe("0 1 2 3 4 ");
  expect(error).toMatchObject({ code: "insufficient_quota", type: "insufficient_quota" });
  expect(lines).toMatchObject([
    { status: 429, error: "budget_exceeded", delivered: true, outputTokens: 5, priceUsd: 0.005 },
  ]);
  expect(lines[0]?.lease).toMatch(/^lease-/);
});

test("then nothing runs any more", async () => {
  const { streamed, chat, started, lines } = world(budgetOf(0.005));
  await streamed();
  await expect(chat()).rejects.toMatchObject({ status: 429, code: "insufficient_quota" });
  await expect(chat({ stream: true })).rejects.toMatchObject({ status: 429, code: "insufficient_quota" });
  expect(started()).toBe(1);
  expect(charged(lines)).toBe(0.005);
});

test("a whole answer of unknown length is cut short by its budget, and charged as far as it goes", async () => {
  const { chat, lines } = world(budgetOf(0.003));
  const { choices, usage } = await chat();
  expect(choices[0]).toMatchObject({ message: { content: "0 1 2 " }, finish_reason: "length" });
  expect(usage).toMatchObject({ completion_tokens: 3 });
  expect(lines).toMatchObject([{ status: 200, outputTokens: 3, priceUsd: 0.003 }]);
});

test("one whose longest form costs more than is left does not run", async () => {
  const { chat, started, lines } = world(budgetOf(0.003));
  await expect(chat({ max_tokens: 4 })).rejects.toMatchObject({ status: 429, code: "insufficient_quota" });
  expect(started()).toBe(0);
  expect((await chat({ max_tokens: 3 })).usage).toMatchObject({ completion_tokens: 3 });
  expect(lines.map(({ priceUsd }) => priceUsd)).toEqual([0, 0.003]);
});

test("a reader who leaves is charged for what went out", async () => {
  const { client, lines } = world(budgetOf(1), 1_000);
  const stream = await client.chat.completions.create({
    model: "m",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
  let chunks = 0;
  for await (const _ of stream) if (++chunks === 5) break;
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toHaveLength(1);
  const [{ outputTokens, priceUsd } = { outputTokens: 0, priceUsd: 0 }] = lines;
  expect(outputTokens).toBeGreaterThanOrEqual(4);
  expect(outputTokens).toBeLessThan(20);
  expect(priceUsd).toBe(outputTokens / 1000);
});

test("limits: their headers on every answer, their exception beyond", async () => {
  const { client, chat } = world({ budgets: {}, limits: { requestsPerSecond: 2 } });
  const { response } = await client.chat.completions
    .create({ model: "m", messages: [{ role: "user", content: "Hi" }] })
    .withResponse();
  expect(response.headers.get("x-ratelimit-limit-requests")).not.toBeNull();
  expect(response.headers.get("x-ratelimit-remaining-requests")).not.toBeNull();
  await chat();
  const refused = chat();
  await expect(refused).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  await expect(refused).rejects.toMatchObject({ status: 429, code: "rate_limit_exceeded" });
});
