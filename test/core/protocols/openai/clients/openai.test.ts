/** Tools, schemas and thoughts through OpenAI's own client. */
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import * as z from "zod";
import { calls, type Engine, engine, messagesOf, says, thinks } from "./engine-fetch.ts";

const clientOf = ({ fetch, baseURL }: Engine) => new OpenAI({ apiKey: "fk_test", baseURL, fetch, maxRetries: 0 });
const WEATHER = z.object({ city: z.string(), degrees: z.number() });
const ANSWER = { city: "Bern", degrees: 12 };
const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const CHAT = { model: "m", messages: [{ role: "user" as const, content: "Weather in Bern?" }] };

test("chat: a schema goes out, and its answer comes back parsed", async () => {
  const behind = engine(says(JSON.stringify(ANSWER)));
  const format = zodResponseFormat(WEATHER, "weather");
  const { choices } = await clientOf(behind).chat.completions.parse({ ...CHAT, response_format: format });
  expect(choices[0]?.message.parsed).toEqual(ANSWER);
  expect(behind.asked[0]?.engine?.outputFormat).toMatchObject({ type: "json-schema", name: "weather", strict: true });
});

test("responses: the same with text.format", async () => {
  const behind = engine(says(JSON.stringify(ANSWER)));
  const response = await clientOf(behind).responses.parse({
    model: "m",
    input: "Weather?",
    text: { format: zodTextFormat(WEATHER, "weather") },
  });
  expect(response.output_parsed).toEqual(ANSWER);
  expect(response.text?.format).toMatchObject({ type: "json_schema", name: "weather" });
});

test("chat: the client runs the tools until the model has its answer", async () => {
  const behind = engine(calls(["weather", { city: "Bern" }], ["weather", { city: "Basel" }]), says("Rain."));
  const asked: unknown[] = [];
  const runner = clientOf(behind).chat.completions.runTools({
    ...CHAT,
    tools: [
      {
        type: "function",
        function: {
          name: "weather",
          description: "of a city",
          parameters: PARAMETERS,
          parse: JSON.parse,
          function: async (args: { city: string }) => {
            asked.push(args.city);
            return `rain in ${args.city}`;
          },
        },
      },
    ],
  });
  expect(await runner.finalContent()).toBe("Rain.");
  expect(asked).toEqual(["Bern", "Basel"]);
  expect(messagesOf(behind.asked[1]).slice(1)).toEqual([
    expect.objectContaining({
      role: "assistant",
      toolCalls: [expect.objectContaining({ name: "weather" }), expect.anything()],
    }),
    { role: "tool", content: "rain in Bern", toolCallId: "call_0" },
    { role: "tool", content: "rain in Basel", toolCallId: "call_1" },
  ]);
});

test("chat: a streamed call is put together", async () => {
  const behind = engine(calls(["weather", { city: "Bern" }]));
  const tools = [{ type: "function" as const, function: { name: "weather", parameters: PARAMETERS } }];
  const stream = clientOf(behind).chat.completions.stream({ ...CHAT, tools });
  const { choices } = await stream.finalChatCompletion();
  expect(choices[0]).toMatchObject({
    finish_reason: "tool_calls",
    message: { tool_calls: [{ id: "call_0", function: { name: "weather", arguments: '{"city":"Bern"}' } }] },
  });
});

test("responses: call, answer, text; the items of one turn go back as they came", async () => {
  const behind = engine(calls(["weather", { city: "Bern" }]), says("Rain."));
  const client = clientOf(behind);
  const tools = [{ type: "function" as const, name: "weather", parameters: PARAMETERS, strict: true }];
  const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "Weather in Bern?" }];
  const first = await client.responses.create({ model: "m", input, tools, store: false });
  const [call] = first.output;
  expect(call).toMatchObject({ type: "function_call", call_id: "call_0", arguments: '{"city":"Bern"}' });
  input.push(...(first.output as OpenAI.Responses.ResponseInput), {
    type: "function_call_output",
    call_id: "call_0",
    output: "rain",
  });
  expect((await client.responses.create({ model: "m", input, tools })).output_text).toBe("Rain.");
  expect(messagesOf(behind.asked[1]).map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
});

test("responses: thoughts are items of their own, streamed and whole, and go back in", async () => {
  const behind = engine(thinks("Look up.", "Rain."));
  const client = clientOf(behind);
  const stream = client.responses.stream({ model: "m", input: "Weather?", reasoning: { effort: "low" } });
  let thought = "";
  for await (const event of stream) if (event.type === "response.reasoning_text.delta") thought += event.delta;
  const { output, output_text: text } = await stream.finalResponse();
  expect([thought, text]).toEqual(["Look up.", "Rain."]);
  expect(behind.asked[0]?.engine?.parameters).toEqual({ reasoning_effort: "low" });
  await client.responses.create({
    model: "m",
    input: [...output, { role: "user", content: "Sure?" }] as OpenAI.Responses.ResponseInput,
  });
  expect(messagesOf(behind.asked[1])[0]).toEqual({ role: "assistant", content: "Rain.", reasoning: "Look up." });
});

test.each([
  ["a forced tool that nobody offers", { tool_choice: "required" }, "tool_choice"],
  ["a search", { tools: [{ type: "web_search" }] }, "tools[0].type"],
  ["a memory", { previous_response_id: "resp_1" }, "previous_response_id"],
  [
    "a broken schema",
    { text: { format: { type: "json_schema", name: "x", schema: { type: "thing" } } } },
    "text.format.schema.type",
  ],
])("responses: %s is a BadRequestError with its place", async (_, fields, param) => {
  const asked = clientOf(engine(says("x"))).responses.create({ model: "m", input: "Hi", ...fields } as never);
  await expect(asked).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  await expect(asked).rejects.toMatchObject({ param });
});
