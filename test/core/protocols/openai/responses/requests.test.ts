import { FarthingError } from "../../../../../core/errors.ts";
import type { GenerationInference } from "../../../../../core/protocols/spec/generation.ts";
import { decode } from "../generation/generation-fixture.ts";

const decoded = (fields: object): GenerationInference =>
  decode("/v1/responses", { model: "m", input: "Hi", ...fields }).request;
const messagesOf = (fields: object) => {
  const [prompt] = decoded(fields).prompts;
  return prompt?.type === "chat" ? prompt.messages : [];
};

test("a text, with instructions before it", () => {
  expect(messagesOf({ instructions: "Be short." })).toEqual([
    { role: "system", content: "Be short." },
    { role: "user", content: "Hi" },
  ]);
});

test("what one turn thought, said and called is one message of the assistant", () => {
  const items = [
    { role: "developer", content: "Be short." },
    {
      role: "user",
      content: [
        { type: "input_text", text: "Weather in " },
        { type: "input_text", text: "Bern?" },
      ],
    },
    { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "I look it up." }] },
    {
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "One moment." }],
    },
    { type: "function_call", call_id: "c1", name: "weather", arguments: '{"city":"Bern"}', status: "completed" },
    { type: "function_call", call_id: "c2", name: "time", arguments: "{}" },
    { type: "function_call_output", call_id: "c1", output: "rain" },
    { type: "function_call_output", call_id: "c2", output: [{ type: "input_text", text: "noon" }] },
    { type: "message", role: "assistant", content: "Rain." },
    { type: "message", role: "assistant", content: "At noon." },
    { role: "user", content: "Thanks" },
  ];
  expect(messagesOf({ input: items })).toEqual([
    { role: "system", content: "Be short." },
    { role: "user", content: "Weather in Bern?" },
    {
      role: "assistant",
      content: "One moment.",
      reasoning: "I look it up.",
      toolCalls: [
        { id: "c1", name: "weather", argumentsText: '{"city":"Bern"}' },
        { id: "c2", name: "time", argumentsText: "{}" },
      ],
    },
    { role: "tool", content: "rain", toolCallId: "c1" },
    { role: "tool", content: "noon", toolCallId: "c2" },
    { role: "assistant", content: "Rain." },
    { role: "assistant", content: "At noon." },
    { role: "user", content: "Thanks" },
  ]);
});

test("everything else that a model is told", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } };
  expect(
    decoded({
      max_output_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      seed: 4,
      include: ["message.output_text.logprobs", "reasoning.encrypted_content"],
      top_logprobs: 2,
      reasoning: { effort: "low", summary: "auto" },
      text: { format: { type: "json_schema", name: "f", schema, strict: true } },
      tools: [{ type: "function", name: "weather", description: "of a city", parameters: schema, strict: true }],
      tool_choice: { type: "function", name: "weather" },
      parallel_tool_calls: false,
      store: false,
      truncation: "disabled",
      background: false,
      metadata: { a: "b" },
    }),
  ).toMatchObject({
    maxTokens: 9,
    choices: 1,
    sampling: { temperature: 0.5, topP: 0.9, seed: 4 },
    topLogprobs: 2,
    engine: {
      parameters: { reasoning_effort: "low" },
      outputFormat: { type: "json-schema", name: "f", schema, strict: true },
      tools: {
        tools: [{ name: "weather", description: "of a city", parameters: schema, strict: true }],
        choice: { name: "weather" },
        parallel: false,
      },
    },
  });
});

test.each<[string, object, string, RegExp]>([
  ["an earlier response", { previous_response_id: "resp_1" }, "previous_response_id", /send the earlier items/],
  ["a conversation", { conversation: "conv_1" }, "conversation", /no conversation is stored/],
  ["an answer later", { background: true }, "background", /respond-async/],
  ["a tool of OpenAI's", { tools: [{ type: "web_search" }] }, "tools[0].type", /"web_search"; tools that OpenAI runs/],
  [
    "a tool in the chat's form",
    { tools: [{ type: "function", function: { name: "f" } }] },
    "tools[0].function",
    /absent/,
  ],
  ["a choice without tools", { tool_choice: "required" }, "tool_choice", /where no tools are given/],
  [
    "a choice of no tool",
    { tools: [{ type: "function", name: "f" }], tool_choice: { type: "function", name: "g" } },
    "tool_choice.name",
    /one of f/,
  ],
  [
    "an item that is stored elsewhere",
    { input: [{ type: "item_reference", id: "x" }] },
    "input[0].type",
    /nothing is stored/,
  ],
  [
    "a picture",
    { input: [{ role: "user", content: [{ type: "input_image", image_url: "x" }] }] },
    "input[0].content[0].type",
    /read nothing else/,
  ],
  [
    "an answer to no call",
    { input: [{ type: "function_call_output", call_id: "c9", output: "" }] },
    "input[0].call_id",
    /earlier function_call/,
  ],
  ["a role of the prototype's", { input: [{ role: "constructor", content: "" }] }, "input[0].role", /one of system/],
  ["no item", { input: [] }, "input", /1 to/],
  ["nothing", { input: undefined }, "input", /absent/],
  ["an unknown field", { messages: [] }, "messages", /Unrecognized/],
  ["half a character", { input: "\ud800" }, "input", /surrogate/],
  ["shortening", { truncation: "auto" }, "truncation", /disabled/],
  ["a summary in so many words", { reasoning: { summary: "detailed" } }, "reasoning.summary", /not summed up/],
  ["brevity", { text: { verbosity: "low" } }, "text.verbosity", /text.format/],
  ["more than the answer", { include: ["file_search_call.results"] }, "include[0]", /usage is always there/],
  ["a negative temperature", { temperature: -1 }, "temperature", /from 0 to 2/],
  ["metadata of numbers", { metadata: { a: 1 } }, "metadata", /texts/],
  ["no room", { max_output_tokens: 0 }, "max_output_tokens", /from 1 on/],
])("%s is refused with its place", (_, fields, field, words) => {
  const act = () => decoded(fields);
  expect(act).toThrow(FarthingError);
  expect(act).toThrow(words);
  expect(act).toThrow(expect.objectContaining({ field, status: 400 }));
});
