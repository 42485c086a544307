import { readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { call, type Deployment } from "./deployment.ts";

const MODEL = "glossary";

interface Golden {
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly text: string;
}

/** What the demo model says, likeliest token by likeliest token. */
const GOLDEN = (
  JSON.parse(readFileSync(join(import.meta.dirname, "../../models/glossary/evaluation.json"), "utf8")) as {
    readonly golden: readonly Golden[];
  }
).golden;
const [DOG, OTHER] = GOLDEN as readonly [Golden, Golden, ...Golden[]];
/** A stop text within each of two texts, and what is left before it. */
const STOPS = [DOG, OTHER].map(({ text }) => text.slice(Math.floor(text.length / 2)));

/** Generated text through OpenAI's own client: whole and in streams, with errors, and callers who leave. */
export function chatSuite(deployment: () => Deployment): void {
  describe("chat and completions", () => {
    const client = () => new OpenAI({ baseURL: `${deployment().url}/v1`, apiKey: deployment().apiKey, maxRetries: 0 });
    const messages = [{ role: "user" as const, content: DOG.prompt }];
    const outputTokens = DOG.ids.length;
    const greedy = { model: MODEL, temperature: 0 };

    test("a chat, whole, with usage and price", async () => {
      const { data, response } = await client()
        .chat.completions.create({ ...greedy, messages })
        .withResponse();
      expect(data.choices[0]).toMatchObject({
        message: { role: "assistant", content: DOG.text },
        finish_reason: "stop",
      });
      expect(data.usage).toMatchObject({ completion_tokens: outputTokens });
      expect(data.usage?.total_tokens).toBe((data.usage?.prompt_tokens ?? 0) + outputTokens);
      expect(Number(response.headers.get("x-farthing-price-usd"))).toBeGreaterThan(0);
    });

    test("the same as a stream: token by token, then usage and price", async () => {
      const stream = await client().chat.completions.create({
        ...greedy,
        messages,
        stream: true,
        stream_options: { include_usage: true },
      });
      const chunks: OpenAI.ChatCompletionChunk[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(DOG.text);
      // A token may be a part of a word, but hardly one of a character here.
      expect(chunks.length).toBeGreaterThanOrEqual(outputTokens);
      expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
      expect(chunks.at(-1)).toMatchObject({
        choices: [],
        usage: { completion_tokens: outputTokens },
        x_farthing: { price_usd: expect.stringMatching(/^0\.0+\d+$/) },
      });
    });

    test("a stream costs what the whole answer costs", async () => {
      const whole = await call(deployment(), "/v1/chat/completions", { body: { ...greedy, messages } });
      const stream = await call(deployment(), "/v1/chat/completions", { body: { ...greedy, messages, stream: true } });
      const price = whole.headers.get("x-farthing-price-usd");
      expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
      expect(stream.body).toContain(`: x-farthing-price-usd ${price}\n\ndata: [DONE]\n\n`);
    });

    test("completions: several prompts, stops, log probabilities", async () => {
      const { choices } = await client().completions.create({
        ...greedy,
        prompt: [DOG.prompt, OTHER.prompt],
        stop: STOPS,
        max_tokens: 32,
        logprobs: 2,
      });
      const expected = [DOG, OTHER].map(({ text }, index) => text.slice(0, text.indexOf(STOPS[index] as string)));
      expect(choices.map(({ text, finish_reason: reason }) => [text, reason])).toEqual(
        expected.map((text) => [text, "stop"]),
      );
      // A token that is cut in two by the stop text is left out.
      expect(choices[0]?.text.startsWith(choices[0]?.logprobs?.tokens?.join("") as string)).toBe(true);
    });

    test("choices by chance differ, and come again with their seed", async () => {
      const ask = { model: MODEL, messages, n: 3, seed: 5, max_tokens: 12 };
      const texts = async () =>
        (await client().chat.completions.create(ask)).choices.map(({ message }) => message.content);
      const once = await texts();
      expect(new Set(once).size).toBe(3);
      expect(await texts()).toEqual(once);
    });

    test("a caller who leaves a stream can ask again at once", async () => {
      const stream = await client().chat.completions.create({
        model: MODEL,
        messages,
        stream: true,
        logit_bias: { "1": -100 },
        max_tokens: 200,
      });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
      stream.controller.abort();
      const { choices } = await client().chat.completions.create({ ...greedy, messages });
      expect(choices[0]?.message.content).toBe(DOG.text);
    });

    test("errors are the client's own, with the place, before any text", async () => {
      const ask = (fields: object) =>
        client()
          .chat.completions.create({ ...greedy, messages, ...fields } as OpenAI.ChatCompletionCreateParamsNonStreaming)
          .catch((error: unknown) => error);
      expect(await ask({ tools: [{ type: "function", function: { name: "f" } }] })).toMatchObject({
        status: 400,
        param: "tools",
      });
      expect(await ask({ response_format: { type: "json_object" } })).toMatchObject({ param: "response_format" });
      for (const stream of [false, true]) {
        const tooLong = await ask({ max_tokens: 1_000, stream });
        expect(tooLong).toBeInstanceOf(OpenAI.BadRequestError);
        expect((tooLong as Error).message).toMatch(/this request asks for \d+: \d+ of messages and 1000/);
      }
      expect(await ask({ model: "sentences" })).toMatchObject({ status: 400, code: "unsupported_task" });
      expect(await ask({ model: "nothing" })).toBeInstanceOf(OpenAI.NotFoundError);
    });

    test("the model is listed, and its own tensors are still there", async () => {
      const names: string[] = [];
      for await (const model of client().models.list()) names.push(model.id);
      expect(names).toContain(MODEL);
      const { status, body } = await call(deployment(), `/v2/models/${MODEL}`);
      expect(status).toBe(200);
      expect(body.inputs.map(({ name }: { name: string }) => name)).toContain("input_ids");
    });
  });
}
