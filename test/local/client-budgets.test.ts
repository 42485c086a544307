/** Budgets and limits as the clients that people use meet them, on the platform as `farthing up` runs it and its demo model. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, streamText } from "ai";
import OpenAI, { APIError, RateLimitError } from "openai";
import { farthingCommand } from "../cli/farthing-command.ts";
import { type RunningFarthing, startFarthing } from "./running-farthing.ts";

const MODEL = "glossary";
const QUESTION = "mathematics";
/** By its card: 2e-6 for a request, 2e-7 for each token of the answer. The first of these covers no answer, the second some tokens. */
const TOO_SMALL_USD = "0.000001";
const SOME_TOKENS_USD = "0.0000034";
const START_MILLIS = 60_000;

const state = mkdtempSync(join(tmpdir(), "farthing-client-budgets-"));
let farthing: RunningFarthing;
let tenants = 0;

beforeAll(async () => {
  farthing = await startFarthing(state);
}, START_MILLIS);
afterAll(async () => {
  await farthing?.end("SIGTERM");
  rmSync(state, { recursive: true, force: true });
}, START_MILLIS);

const cli = (...args: readonly string[]) => farthingCommand(...args, "--state", state);

/** A key of a tenant of its own, under these terms. */
async function keyWith(...terms: readonly (readonly string[])[]): Promise<string> {
  const name = `customer-${++tenants}`;
  const key = await cli("tenant", "create", name);
  for (const [verb = "", ...flags] of terms) await cli("tenant", verb, name, ...flags);
  return key;
}

const baseURL = () => `${farthing.ready.url}/v1`;
const openai = (apiKey: string, maxRetries = 0) => new OpenAI({ baseURL: baseURL(), apiKey, maxRetries });
const vercel = (apiKey: string, form: "chat" | "responses") =>
  createOpenAI({ baseURL: baseURL(), apiKey })[form](MODEL);
const CHAT = { model: MODEL, messages: [{ role: "user" as const, content: QUESTION }], max_tokens: 64 };
const thrownBy = (work: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(work).then(
    () => undefined,
    (error) => error,
  );

async function spentUsd(apiKey: string): Promise<number> {
  const response = await fetch(`${baseURL()}/usage`, { headers: { authorization: `Bearer ${apiKey}` } });
  const { total } = (await response.json()) as { readonly total: { readonly price_usd: string } };
  return Number(total.price_usd);
}

describe("a budget that does not cover the answer", () => {
  let key: string;
  beforeAll(async () => {
    key = await keyWith(["budget", "--daily", TOO_SMALL_USD]);
  });

  test("openai: a RateLimitError that says quota, for whole answers of both routes, and nothing is charged", async () => {
    const { chat, responses } = openai(key);
    for (const work of [
      chat.completions.create(CHAT),
      responses.create({ model: MODEL, input: QUESTION, max_output_tokens: 64 }),
    ]) {
      const error = await thrownBy(work);
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error).toMatchObject({ status: 429, code: "insufficient_quota", type: "insufficient_quota" });
      expect((error as RateLimitError).message).toMatch(/daily budget of your account does not cover/);
      expect(Number((error as RateLimitError).headers?.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(await spentUsd(key)).toBe(0);
  });

  test("vercel ai: an APICallError of 429 from generateText, and from streamText before any text", async () => {
    for (const form of ["chat", "responses"] as const) {
      const error = await thrownBy(
        generateText({ model: vercel(key, form), prompt: QUESTION, maxOutputTokens: 64, maxRetries: 0 }),
      );
      expect(APICallError.isInstance(error)).toBe(true);
      expect((error as APICallError).statusCode).toBe(429);
      expect((error as APICallError).responseBody).toContain('"code":"insufficient_quota"');
      const errors: unknown[] = [];
      const { textStream } = streamText({
        model: vercel(key, form),
        prompt: QUESTION,
        maxRetries: 0,
        onError: ({ error: told }) => void errors.push(told),
      });
      let text = "";
      for await (const part of textStream) text += part;
      expect(text).toBe("");
      expect(errors.map((told) => APICallError.isInstance(told) && told.statusCode)).toEqual([429]);
    }
  });
});

describe("a budget that ends in the middle of a stream", () => {
  const streamed = () => keyWith(["budget", "--daily", SOME_TOKENS_USD]);
  const expectSpent = async (key: string) => {
    let spent = 0;
    // A usage line is on its way to the records for a moment.
    for (let tries = 0; spent === 0 && tries < 100; tries++, await sleep(100)) spent = await spentUsd(key);
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThanOrEqual(Number(SOME_TOKENS_USD));
  };

  test("openai, chat: text comes, and then an APIError that says quota", async () => {
    const key = await streamed();
    const { max_tokens: _, ...endless } = CHAT;
    const stream = await openai(key).chat.completions.create({ ...endless, temperature: 0, stream: true });
    let text = "";
    const reading = (async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    })();
    const error = await thrownBy(reading);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: "insufficient_quota", type: "insufficient_quota" });
    expect(text).not.toBe("");
    await expectSpent(key);
  });

  test("openai, responses: text comes, then the events of a failure", async () => {
    const key = await streamed();
    const stream = await openai(key).responses.create({ model: MODEL, input: QUESTION, temperature: 0, stream: true });
    const events: { type: string; response?: unknown }[] = [];
    const error = await thrownBy(
      (async () => {
        for await (const event of stream) events.push(event);
      })(),
    );
    expect(events.some(({ type }) => type === "response.output_text.delta")).toBe(true);
    // The client of some versions raises at the event `error`, of others it hands it on.
    const told = JSON.stringify([events.filter(({ type }) => type === "error" || type === "response.failed"), error]);
    expect(told).toContain("insufficient_quota");
    await expectSpent(key);
  });

  test.each(["chat", "responses"] as const)("vercel ai, %s: text comes, and then an error part", async (form) => {
    const key = await streamed();
    const errors: unknown[] = [];
    const { fullStream } = streamText({
      model: vercel(key, form),
      prompt: QUESTION,
      temperature: 0,
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    let text = "";
    const parts: string[] = [];
    for await (const part of fullStream) {
      parts.push(part.type);
      if (part.type === "text-delta") text += part.text;
    }
    expect(text).not.toBe("");
    expect(parts).toContain("error");
    expect(JSON.stringify(errors)).toMatch(/insufficient_quota|budget ended/);
    await expectSpent(key);
  });
});

describe("a limit of requests", () => {
  const limited = () => keyWith(["limits", "--requests-per-second", "1"]);
  const { messages } = CHAT;
  const short = { model: MODEL, messages, max_tokens: 1 };

  test("openai: x-ratelimit headers, a RateLimitError with retry-after, and a client that heeds it", async () => {
    const key = await limited();
    const { response } = await openai(key).chat.completions.create(short).withResponse();
    expect(response.headers.get("x-ratelimit-limit-requests")).toBe("1");
    expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    expect(response.headers.get("x-ratelimit-reset-requests")).toMatch(/^(\d+ms|[\d.]+s)$/);
    const errors = (
      await Promise.all([1, 2, 3].map(() => thrownBy(openai(key).chat.completions.create(short))))
    ).filter((error) => error !== undefined);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error).toMatchObject({ code: "rate_limit_exceeded", type: "rate_limit_error" });
      expect(Number((error as RateLimitError).headers?.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
    expect((await openai(key, 3).chat.completions.create(short)).choices).toHaveLength(1);
  });

  test("vercel ai: an APICallError that may be tried again, with the same headers", async () => {
    const key = await limited();
    const model = vercel(key, "chat");
    const ask = (maxRetries: number) => generateText({ model, prompt: QUESTION, maxOutputTokens: 1, maxRetries });
    expect((await ask(0)).response.headers?.["x-ratelimit-limit-requests"]).toBe("1");
    const errors = (await Promise.all([1, 2, 3].map(() => thrownBy(ask(0))))).filter((error) => error !== undefined);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors as unknown as readonly APICallError[]) {
      expect([error.statusCode, error.isRetryable]).toEqual([429, true]);
      expect(Number(error.responseHeaders?.["retry-after"])).toBeGreaterThanOrEqual(1);
    }
    expect((await ask(4)).finishReason).toBe("length");
  }, 30_000);
});

test("a refused field of a response is called what the client calls it", async () => {
  const client = openai(farthing.ready.apiKey).responses;
  const fieldOf = async (more: object) => {
    const error = await thrownBy(client.create({ model: MODEL, input: QUESTION, ...more }));
    return (error as APIError).param;
  };
  expect(await fieldOf({ max_output_tokens: 1_000_000 })).toBe("max_output_tokens");
  expect(await fieldOf({ text: { format: { type: "json_object" } } })).toBe("text.format");
  expect(await fieldOf({ reasoning: { effort: "low" } })).toBe("reasoning.effort");
  expect(await fieldOf({ input: "word ".repeat(3_000) })).toBe("input");
});
