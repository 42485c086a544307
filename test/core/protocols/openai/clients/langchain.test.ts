/** Tools, schemas and streams through LangChain, by way of chat and of Responses. */
import { HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import * as z from "zod";
import { calls, type Engine, engine, messagesOf, says } from "./engine-fetch.ts";

const weather = tool(async ({ city }: { city: string }) => `rain in ${city}`, {
  name: "weather",
  description: "of a city",
  schema: z.object({ city: z.string() }),
});

describe.each([
  ["chat", false],
  ["responses", true],
])("%s", (_, useResponsesApi) => {
  const modelOf = ({ fetch, baseURL }: Engine) =>
    new ChatOpenAI({
      apiKey: "fk_test",
      model: "m",
      useResponsesApi,
      maxRetries: 0,
      configuration: { baseURL, fetch },
    });

  test("text, with usage", async () => {
    const message = await modelOf(engine(says("Hel", "lo"))).invoke([
      new SystemMessage("Be short."),
      new HumanMessage("Hi"),
    ]);
    expect(message.text).toBe("Hello");
    expect(message.usage_metadata).toMatchObject({ input_tokens: 5, output_tokens: 3, total_tokens: 8 });
  });

  test("a stream, put together", async () => {
    let text = "";
    for await (const chunk of await modelOf(engine(says("Hel", "lo"))).stream("Hi")) text += chunk.text;
    expect(text).toBe("Hello");
  });

  test("a call, its answer, the text", async () => {
    const behind = engine(calls(["weather", { city: "Bern" }]), says("Rain."));
    const model = modelOf(behind).bindTools([weather]);
    const question = new HumanMessage("Weather?");
    const message = await model.invoke([question]);
    expect(message.tool_calls).toMatchObject([{ name: "weather", args: { city: "Bern" }, id: "call_0" }]);
    const answer = new ToolMessage({ content: await weather.invoke({ city: "Bern" }), tool_call_id: "call_0" });
    expect((await model.invoke([question, message, answer])).text).toBe("Rain.");
    expect(messagesOf(behind.asked[1]).map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
  });

  test("an object of a schema", async () => {
    const behind = engine(says('{"city":"Bern"}'));
    const model = modelOf(behind).withStructuredOutput(z.object({ city: z.string() }), {
      method: "jsonSchema",
      name: "place",
    });
    expect(await model.invoke("Which city?")).toEqual({ city: "Bern" });
    expect(behind.asked[0]?.engine?.outputFormat).toMatchObject({ type: "json-schema" });
  });

  test("an error has its status", async () => {
    const model = new ChatOpenAI({
      apiKey: "fk_test",
      model: "m",
      useResponsesApi,
      maxRetries: 0,
      temperature: 9,
      configuration: engine(says("x")),
    });
    await expect(model.invoke("Hi")).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("temperature"),
    });
  });
});
