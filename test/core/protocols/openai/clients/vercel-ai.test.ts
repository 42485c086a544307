/** Tools, schemas and thoughts through Vercel's AI SDK, by way of Responses (its default) and of chat. */
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import * as z from "zod";
import { calls, type Engine, engine, messagesOf, says, thinks } from "./engine-fetch.ts";

const FORMS = ["responses", "chat"] as const;
type Form = (typeof FORMS)[number];

const modelOf = ({ fetch, baseURL }: Engine, form: Form) =>
  createOpenAI({ apiKey: "fk_test", baseURL, fetch })[form]("m");
const weather = tool({
  description: "of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `rain in ${city}`,
});

describe.each(FORMS)("%s", (form) => {
  test("text, with usage", async () => {
    const { text, usage, finishReason } = await generateText({
      model: modelOf(engine(says("Hel", "lo")), form),
      prompt: "Hi",
      maxRetries: 0,
    });
    expect({ text, finishReason, input: usage.inputTokens, output: usage.outputTokens }).toEqual({
      text: "Hello",
      finishReason: "stop",
      input: 5,
      output: 3,
    });
  });

  test("a stream, piece by piece", async () => {
    const { textStream, finishReason } = streamText({
      model: modelOf(engine(says("Hel", "lo")), form),
      prompt: "Hi",
      maxRetries: 0,
    });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect(pieces).toEqual(["Hel", "lo"]);
    expect(await finishReason).toBe("stop");
  });

  test("tools run until there is an answer", async () => {
    const behind = engine(calls(["weather", { city: "Bern" }]), says("Rain."));
    const { text, steps } = await generateText({
      model: modelOf(behind, form),
      system: "Be short.",
      prompt: "Weather?",
      tools: { weather },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    });
    expect(text).toBe("Rain.");
    expect(steps[0]?.toolResults.map(({ output }) => output)).toEqual(["rain in Bern"]);
    expect(messagesOf(behind.asked[1]).map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool"]);
  });

  test("a streamed call has its arguments", async () => {
    const { toolCalls } = streamText({
      model: modelOf(engine(calls(["weather", { city: "Bern" }])), form),
      prompt: "Weather?",
      tools: { weather },
      maxRetries: 0,
    });
    expect((await toolCalls).map(({ toolName, input }) => [toolName, input])).toEqual([["weather", { city: "Bern" }]]);
  });

  test("an object of a schema", async () => {
    const behind = engine(says('{"city":"Bern"}'));
    const { output } = await generateText({
      model: modelOf(behind, form),
      prompt: "Which city?",
      output: Output.object({ schema: z.object({ city: z.string() }) }),
      maxRetries: 0,
    });
    expect(output).toEqual({ city: "Bern" });
    expect(behind.asked[0]?.engine?.outputFormat).toMatchObject({ type: "json-schema" });
  });

  test("an error has its status and our words", async () => {
    const asked = generateText({
      model: modelOf(engine(says("x")), form),
      prompt: "Hi",
      temperature: 9,
      maxRetries: 0,
    });
    await expect(asked).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("temperature is 9"),
    });
  });
});

test("responses: thoughts are not mixed into the text", async () => {
  const { text } = await generateText({
    model: modelOf(engine(thinks("Hmm.", "Rain.")), "responses"),
    prompt: "Weather?",
    maxRetries: 0,
  });
  expect(text).toBe("Rain.");
});
