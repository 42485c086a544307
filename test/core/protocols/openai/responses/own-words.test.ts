import { FarthingError } from "../../../../../core/errors.ts";
import { inResponsesWords } from "../../../../../core/protocols/openai/responses/own-words.ts";
import { readResponsesRequest } from "../../../../../core/protocols/openai/responses/responses-request.ts";
import { refuseEngineOnly } from "../../../../../core/serving/engine-only.ts";

const said = (message: string, field?: string) => {
  const { message: words, field: place } = inResponsesWords(
    new FarthingError("invalid_field", message, field === undefined ? {} : { field }),
  );
  return [words, place];
};

const TOOL = { type: "function", name: "weather", parameters: { type: "object" } };
const CALLED = [
  { role: "user", content: "Rain?" },
  { type: "function_call", call_id: "c", name: "weather", arguments: "{}" },
  { type: "function_call_output", call_id: "c", output: "yes" },
];

test.each([
  [{ text: { format: { type: "json_object" } } }, "text.format"],
  [{ reasoning: { effort: "low" } }, "reasoning.effort"],
  [{ tools: [TOOL] }, "tools"],
  [{ input: CALLED }, "input"],
  [{ min_tokens: 2 }, "min_tokens"],
])("what a model in our own process does not do is named as the caller named it: %j", (fields, field) => {
  const request = readResponsesRequest({ model: "m", input: "Hello", ...fields });
  try {
    refuseEngineOnly(request, "m");
  } catch (thrown) {
    const error = inResponsesWords(thrown as FarthingError);
    expect([error.code, error.field]).toEqual(["invalid_field", field]);
    expect(error.message).toMatch(new RegExp(`^${field.replace(".", "\\.")} is not supported here`));
    return;
  }
  throw new Error("it was not refused");
});

test.each([
  [
    "20 of messages and 30 of the answer. Shorten messages.",
    "max_tokens",
    "20 of input and 30 of the answer. Shorten input.",
    "max_output_tokens",
  ],
  ["messages[3].content has 9 characters", "messages[3].content", "input has 9 characters", "input"],
  ["max_completion_tokens is 0", undefined, "max_output_tokens is 0", undefined],
  [
    "response_format.json_schema is odd",
    "response_format.json_schema",
    "text.format.json_schema is odd",
    "text.format.json_schema",
  ],
  // No field of ours.
  [
    "the max_tokens_per_step and my.messages of an engine",
    "temperature",
    "the max_tokens_per_step and my.messages of an engine",
    "temperature",
  ],
])("%s", (message, field, words, place) => {
  expect(said(message, field)).toEqual([words, place]);
});

test("an unknown field is what the caller sent, and other errors are nobody's fields", () => {
  const unknown = new FarthingError("unknown_field", "messages is no field of this body", { field: "messages" });
  expect(inResponsesWords(unknown)).toBe(unknown);
  const down = new FarthingError("overloaded", "messages everywhere", { retryAfterSeconds: 3 });
  expect(inResponsesWords(down)).toBe(down);
});
