/** Tools that a chat may call: https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools */
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { ToolCall, ToolDefinition, ToolUse } from "../../spec/generation.ts";
import { readText, wrong } from "../fields.ts";
import { MOST_TOOLS, readFunctionMembers, readToolUse as readTools, type ToolForm } from "../tool-use.ts";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const NAME_FORM = "1 to 64 letters, digits, '_' or '-'";

const FORM: ToolForm = {
  read: readTool,
  nameOf: (choice) => isJsonObject(choice.function) && choice.function.name,
  namePath: ".function.name",
  choiceExample: '{"type": "function", "function": {"name": …}}',
};

/** Undefined where no tool is offered. */
export const readToolUse = (body: JsonObject): ToolUse | undefined => readTools(body, FORM);

function readTool(tool: unknown, field: string): ToolDefinition {
  if (!isJsonObject(tool)) throw wrong(field, tool, 'an object like {"type": "function", "function": {…}}');
  if (tool.type !== "function") throw wrong(`${field}.type`, tool.type, '"function"');
  const definition = tool.function;
  if (!isJsonObject(definition)) throw wrong(`${field}.function`, definition, "an object with name and parameters");
  const name = readName(definition.name, `${field}.function.name`);
  for (const key in definition) {
    if (["name", "description", "parameters", "strict"].includes(key)) continue;
    throw wrong(
      `${field}.function.${key}`,
      definition[key],
      "absent; a function has name, description, parameters, strict",
    );
  }
  return { name, ...readFunctionMembers(definition, `${field}.function`) };
}

/** The calls that an assistant's earlier message made. */
export function readToolCalls(value: unknown, field: string): readonly ToolCall[] {
  if (!Array.isArray(value) || value.length > MOST_TOOLS)
    throw wrong(field, value, `a list of at most ${MOST_TOOLS} calls`);
  return value.map((call: unknown, index) => {
    const place = `${field}[${index}]`;
    if (!isJsonObject(call)) throw wrong(place, call, "an object with id, type and function");
    if (call.type !== "function") throw wrong(`${place}.type`, call.type, '"function"');
    if (!isJsonObject(call.function))
      throw wrong(`${place}.function`, call.function, "an object with name and arguments");
    const { name, arguments: argumentsText } = call.function;
    if (typeof argumentsText !== "string") throw wrong(`${place}.function.arguments`, argumentsText, "JSON as a text");
    return { id: readText(call.id, `${place}.id`), name: readName(name, `${place}.function.name`), argumentsText };
  });
}

export function readName(value: unknown, field: string): string {
  if (typeof value === "string" && NAME.test(value)) return value;
  throw wrong(field, value, NAME_FORM);
}
