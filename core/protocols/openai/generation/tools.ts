/** Tools that a chat may call: https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools */
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { ToolCall, ToolDefinition, ToolUse } from "../../spec/generation.ts";
import { readFlag, readText, wrong } from "../fields.ts";
import { readJsonSchema } from "./json-schema.ts";

const MOST_TOOLS = 128;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const NAME_FORM = "1 to 64 letters, digits, '_' or '-'";

/** Undefined where no tool is offered. */
export function readToolUse(body: JsonObject): ToolUse | undefined {
  const { tools, parallel_tool_calls: parallel } = body;
  const noTools = tools === undefined || tools === null || (Array.isArray(tools) && tools.length === 0);
  if (!noTools && !(Array.isArray(tools) && tools.length <= MOST_TOOLS)) {
    throw wrong("tools", tools, `a list of at most ${MOST_TOOLS} tools`);
  }
  const read = noTools ? [] : tools.map((tool: unknown, index) => readTool(tool, `tools[${index}]`));
  refuseTwins(read);
  const choice = readChoice(body.tool_choice, read);
  if (read.length === 0) return undefined;
  return {
    tools: read,
    choice,
    ...(parallel !== undefined && parallel !== null && { parallel: readFlag(parallel, "parallel_tool_calls") }),
  };
}

function readTool(tool: unknown, field: string): ToolDefinition {
  if (!isJsonObject(tool)) throw wrong(field, tool, 'an object like {"type": "function", "function": {…}}');
  if (tool.type !== "function") throw wrong(`${field}.type`, tool.type, '"function"');
  const definition = tool.function;
  if (!isJsonObject(definition)) throw wrong(`${field}.function`, definition, "an object with name and parameters");
  const name = readName(definition.name, `${field}.function.name`);
  const { description, parameters, strict } = definition;
  for (const key in definition) {
    if (["name", "description", "parameters", "strict"].includes(key)) continue;
    throw wrong(
      `${field}.function.${key}`,
      definition[key],
      "absent; a function has name, description, parameters, strict",
    );
  }
  if (parameters !== undefined && parameters !== null) {
    const schema = readJsonSchema(parameters, `${field}.function.parameters`);
    if (schema.type !== undefined && schema.type !== "object") {
      throw wrong(`${field}.function.parameters.type`, schema.type, '"object": arguments have names');
    }
  }
  return {
    name,
    ...(typeof description === "string" && description !== "" && { description }),
    ...(isJsonObject(parameters) && { parameters }),
    ...(strict !== undefined && strict !== null && { strict: readFlag(strict, `${field}.function.strict`) }),
  };
}

function refuseTwins(tools: readonly ToolDefinition[]): void {
  const seen = new Set<string>();
  tools.forEach(({ name }, index) => {
    if (seen.has(name)) throw wrong(`tools[${index}].function.name`, name, "a name that no other tool has");
    seen.add(name);
  });
}

function readChoice(choice: unknown, tools: readonly ToolDefinition[]): ToolUse["choice"] {
  if (choice === undefined || choice === null) return "auto";
  if (choice === "auto" || choice === "none") return choice;
  if (tools.length === 0) throw wrong("tool_choice", choice, '"none", "auto" or absent where no tools are given');
  if (choice === "required") return choice;
  const named =
    isJsonObject(choice) && choice.type === "function" && isJsonObject(choice.function) && choice.function.name;
  if (typeof named !== "string") {
    throw wrong("tool_choice", choice, '"none", "auto", "required", or {"type": "function", "function": {"name": …}}');
  }
  if (tools.some(({ name }) => name === named)) return { name: named };
  throw wrong("tool_choice.function.name", named, `one of ${tools.map(({ name }) => name).join(", ")}`);
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
