/** Tools, schemas and an engine's own parameters: what is read, what is refused, and where a model without them says so. */
import { refuseEngineOnly } from "../../../../../core/serving/engine-only.ts";
import { errorOf } from "../../fixture-model.ts";
import { decode } from "./generation-fixture.ts";

const USER = { role: "user", content: "Weather in Paris?" };
const chat = (fields: object) => decode("/v1/chat/completions", { model: "m", messages: [USER], ...fields }).request;
const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const TOOL = {
  type: "function",
  function: { name: "weather", description: "Now", parameters: PARAMETERS, strict: true },
};
const CALL = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":' } };
const READ_TOOL = { name: "weather", description: "Now", parameters: PARAMETERS, strict: true };

test("tools, and the choice between them", () => {
  const choices = [undefined, "none", "required", { type: "function", function: { name: "weather" } }];
  expect(choices.map((tool_choice) => chat({ tools: [TOOL], tool_choice }).engine?.tools?.choice)).toEqual([
    "auto",
    "none",
    "required",
    { name: "weather" },
  ]);
  expect(chat({ tools: [TOOL], parallel_tool_calls: false }).engine).toEqual({
    tools: { tools: [READ_TOOL], choice: "auto", parallel: false },
  });
  expect(chat({ tools: [], tool_choice: "auto" })).not.toHaveProperty("engine");
});

test("a conversation that called a tool: its arguments stay as the model wrote them", () => {
  const messages = [
    USER,
    { role: "assistant", content: null, tool_calls: [CALL], reasoning_content: "Look it up." },
    { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "21 °C" }] },
  ];
  expect(chat({ messages }).prompts).toEqual([
    {
      type: "chat",
      messages: [
        USER,
        {
          role: "assistant",
          content: "",
          reasoning: "Look it up.",
          toolCalls: [{ id: "call_1", name: "weather", argumentsText: '{"city":' }],
        },
        { role: "tool", content: "21 °C", toolCallId: "call_1" },
      ],
    },
  ]);
});

test("formats of the answer", () => {
  const schema = {
    type: "object",
    properties: { a: { $ref: "#/$defs/n" } },
    $defs: { n: { type: ["integer", "null"] } },
  };
  const json_schema = { name: "n", schema, strict: true };
  expect(chat({ response_format: { type: "json_schema", json_schema } }).engine?.outputFormat).toEqual({
    type: "json-schema",
    ...json_schema,
  });
  expect(chat({ response_format: { type: "json_object" } }).engine?.outputFormat).toEqual({ type: "json-object" });
  expect(chat({ response_format: { type: "text" } })).not.toHaveProperty("engine");
});

test("an engine's own parameters pass as they came; on both routes", () => {
  const fields = { min_tokens: 2, ignore_eos: true, guided_regex: "a+", reasoning_effort: "low" };
  expect(chat(fields).engine).toEqual({ parameters: fields });
  const text = decode("/v1/completions", { model: "m", prompt: "a", min_tokens: 2 }).request;
  expect(text.engine).toEqual({ parameters: { min_tokens: 2 } });
});

const nested = (levels: number): object => (levels === 0 ? {} : { items: nested(levels - 1) });
const withSchema = (schema: unknown) => ({
  response_format: { type: "json_schema", json_schema: { name: "n", schema } },
});
const SCHEMA = "response_format.json_schema.schema";

test.each([
  [{ tools: [{ type: "function" }] }, "tools[0].function"],
  [{ tools: [{ type: "retrieval" }] }, "tools[0].type"],
  [{ tools: "weather" }, "tools"],
  [{ tools: [TOOL, TOOL] }, "tools[1].function.name"],
  [{ tools: [{ type: "function", function: { name: "no spaces" } }] }, "tools[0].function.name"],
  [{ tools: [{ type: "function", function: { name: "a", params: {} } }] }, "tools[0].function.params"],
  [
    { tools: [{ type: "function", function: { name: "a", parameters: { type: "array" } } }] },
    "tools[0].function.parameters.type",
  ],
  [{ tool_choice: "required" }, "tool_choice"],
  [{ tools: [TOOL], tool_choice: { type: "function", function: { name: "wether" } } }, "tool_choice.function.name"],
  [{ tools: [TOOL], parallel_tool_calls: "no" }, "parallel_tool_calls"],
  [{ response_format: { type: "xml" } }, "response_format.type"],
  [{ response_format: { type: "json_schema" } }, "response_format.json_schema"],
  [withSchema("object"), SCHEMA],
  [withSchema({ type: "strng" }), `${SCHEMA}.type`],
  [withSchema({ properties: [] }), `${SCHEMA}.properties`],
  [withSchema({ anyOf: [] }), `${SCHEMA}.anyOf`],
  [withSchema({ properties: { a: 1 } }), `${SCHEMA}.properties.a`],
  [withSchema({ $ref: "https://example.com/schema" }), `${SCHEMA}.$ref`],
  [withSchema({ required: "a" }), `${SCHEMA}.required`],
  [withSchema(nested(16)), `${SCHEMA}${".items".repeat(16)}`],
  [{ min_tokens: -1 }, "min_tokens"],
  [{ ignore_eos: 1 }, "ignore_eos"],
  [{ stop_token_ids: ["a"] }, "stop_token_ids"],
  [{ reasoning_effort: "most" }, "reasoning_effort"],
  [{ messages: [USER, { role: "tool", content: "x", tool_call_id: "call_9" }] }, "messages[1].tool_call_id"],
  [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id"],
  [{ messages: [{ role: "assistant", content: "x", tool_calls: [{}] }] }, "messages[0].tool_calls[0].type"],
  [{ messages: [{ role: "assistant", content: null }] }, "messages[0].content"],
  [{ messages: [{ role: "user", content: "x", tool_calls: [CALL] }] }, "messages[0].tool_calls"],
])("refused with its place: %j", (fields, field) => {
  expect(errorOf(() => chat(fields))).toMatchObject({ code: "invalid_field", field });
});

test.each(["priority", "cache_salt", "chat_template", "logits_processors", "kv_transfer_params", "request_id"])(
  "%s reaches beyond the caller's own answer, so it is unknown",
  (field) => {
    expect(errorOf(() => chat({ [field]: 1 }))).toMatchObject({ code: "unknown_field", field });
  },
);

test.each([
  [{ tools: [TOOL] }, "tools", /the model "m" calls no tools/],
  [{ response_format: { type: "json_object" } }, "response_format", /not held to a schema/],
  [{ min_tokens: 2 }, "min_tokens", /has no such control/],
  [
    {
      messages: [
        USER,
        { role: "assistant", content: "", tool_calls: [CALL] },
        { role: "tool", content: "x", tool_call_id: "call_1" },
      ],
    },
    "messages[1]",
    /calls no tools/,
  ],
])("a model in a process of ours refuses by name: %j", (fields, field, message) => {
  const error = errorOf(() => refuseEngineOnly(chat(fields), "m"));
  expect(error).toMatchObject({ code: "invalid_field", field, message: expect.stringMatching(message) });
});

test("offered tools that may not be called are no obstacle", () => {
  expect(refuseEngineOnly(chat({ tools: [TOOL], tool_choice: "none" }), "m")).toBeUndefined();
});
