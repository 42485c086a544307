import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, streamText } from "ai";
import OpenAI from "openai";
import { differences, isDescribed } from "../core/protocols/openai/openai-description.ts";
import { call, type Deployment } from "./deployment.ts";

const MODEL = "glossary";
const QUESTION = "dog";

/** The demo model's text through the clients that people use, by Responses and by chat: the same words by every way. */
export function textClientsSuite(deployment: () => Deployment): void {
  describe("clients of generated text", () => {
    const baseURL = () => `${deployment().url}/v1`;
    const openai = () => new OpenAI({ baseURL: baseURL(), apiKey: deployment().apiKey, maxRetries: 0 });
    const vercel = (form: "chat" | "responses") =>
      createOpenAI({ baseURL: baseURL(), apiKey: deployment().apiKey })[form](MODEL);
    const langchain = (useResponsesApi: boolean, fields: object = {}) =>
      new ChatOpenAI({
        apiKey: deployment().apiKey,
        model: MODEL,
        temperature: 0,
        maxRetries: 0,
        useResponsesApi,
        configuration: { baseURL: baseURL() },
        ...fields,
      });
    const ask = { model: MODEL, input: QUESTION, temperature: 0 };
    let expected: string;

    beforeAll(async () => {
      const { choices } = await openai().chat.completions.create({
        model: MODEL,
        temperature: 0,
        messages: [{ role: "user", content: QUESTION }],
      });
      expected = choices[0]?.message.content ?? "";
    });

    test("openai: a response, whole, as it is described, with its price", async () => {
      const { data, response } = await openai().responses.create(ask).withResponse();
      expect([data.status, data.output_text]).toEqual(["completed", expected]);
      expect(Number(response.headers.get("x-farthing-price-usd"))).toBeGreaterThan(0);
      if (isDescribed) {
        const { output_text: _, ...sent } = data;
        expect(differences(JSON.parse(JSON.stringify(sent)), "Response")).toEqual([]);
      }
    });

    test("openai: a streamed response is the same, and its price stands in its last event", async () => {
      const stream = openai().responses.stream(ask);
      let text = "";
      for await (const event of stream) if (event.type === "response.output_text.delta") text += event.delta;
      expect(text).toBe(expected);
      expect(await stream.finalResponse()).toMatchObject({
        output_text: expected,
        x_farthing: { price_usd: expect.stringMatching(/^0\.0+\d+$/) },
      });
    });

    test("openai: what is cut short is incomplete, and says why", async () => {
      const response = await openai().responses.create({ ...ask, max_output_tokens: 3 });
      expect(response).toMatchObject({
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
        usage: { output_tokens: 3 },
      });
    });

    test("openai: log probabilities where they are asked for", async () => {
      const { output } = await openai().responses.create({
        ...ask,
        max_output_tokens: 2,
        include: ["message.output_text.logprobs"],
        top_logprobs: 2,
      });
      expect(output[0]).toMatchObject({ content: [{ logprobs: [{ top_logprobs: [{}, {}] }, {}] }] });
    });

    test("openai: a caller who leaves a streamed response can ask again at once", async () => {
      const stream = await openai().responses.create({ ...ask, temperature: 1, stream: true, max_output_tokens: 200 });
      for await (const event of stream) if (event.type === "response.output_text.delta") break;
      stream.controller.abort();
      expect((await openai().responses.create(ask)).output_text).toBe(expected);
    });

    test.each([
      ["tools, which this model does not call", { tools: [{ type: "function", name: "f", parameters: {} }] }, "tools"],
      ["a model that does something else", { model: "sentences" }, "model"],
      ["a memory", { previous_response_id: "resp_1" }, "previous_response_id"],
      ["more than its context", { max_output_tokens: 100_000 }, undefined],
    ])("openai: %s is a BadRequestError, before any event", async (_, fields, param) => {
      for (const stream of [false, true]) {
        const asked = openai().responses.create({ ...ask, ...fields, stream } as never);
        await expect(asked).rejects.toBeInstanceOf(OpenAI.BadRequestError);
        if (param !== undefined) await expect(asked).rejects.toMatchObject({ param });
      }
    });

    test("openai: an unknown model, a wrong key", async () => {
      await expect(openai().responses.create({ ...ask, model: "nothing" })).rejects.toBeInstanceOf(
        OpenAI.NotFoundError,
      );
      const stranger = new OpenAI({ baseURL: baseURL(), apiKey: "fk_nobody", maxRetries: 0 });
      await expect(stranger.responses.create(ask)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    });

    test("a streamed response costs what the whole one costs", async () => {
      const whole = await call(deployment(), "/v1/responses", { body: ask });
      const stream = await call(deployment(), "/v1/responses", { body: { ...ask, stream: true } });
      expect(stream.body).toContain(`"price_usd":"${whole.headers.get("x-farthing-price-usd")}"`);
      expect(stream.body.endsWith("data: [DONE]\n\n")).toBe(true);
    });

    describe.each(["chat", "responses"] as const)("ai, %s", (form) => {
      test("whole", async () => {
        const { text, usage } = await generateText({
          model: vercel(form),
          prompt: QUESTION,
          temperature: 0,
          maxRetries: 0,
        });
        expect(text).toBe(expected);
        expect(usage.outputTokens).toBeGreaterThan(0);
      });
      test("streamed", async () => {
        const { textStream } = streamText({ model: vercel(form), prompt: QUESTION, temperature: 0, maxRetries: 0 });
        let text = "";
        for await (const piece of textStream) text += piece;
        expect(text).toBe(expected);
      });
      test("left in the middle", async () => {
        const abort = new AbortController();
        const { textStream } = streamText({
          model: vercel(form),
          prompt: QUESTION,
          maxRetries: 0,
          abortSignal: abort.signal,
        });
        for await (const piece of textStream) if (piece !== "") abort.abort();
        expect(
          (await generateText({ model: vercel(form), prompt: QUESTION, temperature: 0, maxRetries: 0 })).text,
        ).toBe(expected);
      });
    });

    describe.each([
      ["chat", false],
      ["responses", true],
    ])("langchain, %s", (_, useResponsesApi) => {
      test("whole, with usage", async () => {
        const message = await langchain(useResponsesApi).invoke(QUESTION);
        expect(message.text).toBe(expected);
        expect(message).toMatchObject({ usage_metadata: { output_tokens: expect.any(Number) } });
      });
      test("streamed", async () => {
        let text = "";
        for await (const chunk of await langchain(useResponsesApi).stream(QUESTION)) text += chunk.text;
        expect(text).toBe(expected);
      });
      test("several at once", async () => {
        const messages = await langchain(useResponsesApi).batch([QUESTION, QUESTION, QUESTION]);
        expect(messages.map(({ text }) => text)).toEqual([expected, expected, expected]);
      });
      test("refused", async () => {
        await expect(langchain(useResponsesApi, { temperature: 3 }).invoke(QUESTION)).rejects.toMatchObject({
          status: 400,
        });
      });
    });
  });
}
