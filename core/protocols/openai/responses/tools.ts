/**
 * Tools as POST /v1/responses has them: the function's members stand beside its type, not below it.
 * https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools
 */
import { FarthingError } from "../../../errors.ts";
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { ToolDefinition, ToolUse } from "../../spec/generation.ts";
import { readFlag, wrong } from "../fields.ts";
import { readJsonSchema } from "../generation/json-schema.ts";
import { readName } from "../generation/tools.ts";

const MOST_TOOLS = 128;
const MEMBERS = ["type", "name", "description", "parameters", "strict"];

/** Undefined where no tool is offered. */
export function readToolUse(body: JsonObject): ToolUse | undefined {
  const { tools, parallel_tool_calls: parallel } = body;
  if (tools !== undefined && tools !== null && !(Array.isArray(tools) && tools.length <= MOST_TOOLS)) {
    throw wrong("tools", tools, `a list of at most ${MOST_TOOLS} tools`);
  }
  const read = ((tools ?? []) as readonly unknown[]).map((tool, index) => readTool(tool, `tools[${index}]`));
  const seen = new Set<string>();
  read.forEach(({ name }, index) => {
    if (seen.has(name)) throw wrong(`tools[${index}].name`, name, "a name that no other tool has");
    seen.add(name);
  });
  const choice = readChoice(body.tool_choice, read);
  if (read.length === 0) return undefined;
  return {
    tools: read,
    choice,
    ...(parallel !== undefined && parallel !== null && { parallel: readFlag(parallel, "parallel_tool_calls") }),
  };
}

function readTool(tool: unknown, field: string): ToolDefinition {
  if (!isJsonObject(tool))
    throw wrong(field, tool, 'an object like {"type": "function", "name": …, "parameters": {…}}');
  if (tool.type !== "function") {
    if (typeof tool.type !== "string") throw wrong(`${field}.type`, tool.type, '"function"');
    const message = `${field}.type is "${tool.type.slice(0, 40)}"; tools that OpenAI runs itself are not here, only those of the type "function", which the caller runs.`;
    throw new FarthingError("invalid_field", message, { field: `${field}.type` });
  }
  for (const key in tool) {
    if (MEMBERS.includes(key)) continue;
    throw wrong(`${field}.${key}`, tool[key], `absent; a function has ${MEMBERS.join(", ")}`);
  }
  const { description, parameters, strict } = tool;
  if (parameters !== undefined && parameters !== null) {
    const schema = readJsonSchema(parameters, `${field}.parameters`);
    if (schema.type !== undefined && schema.type !== "object") {
      throw wrong(`${field}.parameters.type`, schema.type, '"object": arguments have names');
    }
  }
  return {
    name: readName(tool.name, `${field}.name`),
    ...(typeof description === "string" && description !== "" && { description }),
    ...(isJsonObject(parameters) && { parameters }),
    ...(strict !== undefined && strict !== null && { strict: readFlag(strict, `${field}.strict`) }),
  };
}

function readChoice(choice: unknown, tools: readonly ToolDefinition[]): ToolUse["choice"] {
  if (choice === undefined || choice === null) return "auto";
  if (choice === "auto" || choice === "none") return choice;
  if (tools.length === 0) throw wrong("tool_choice", choice, '"none", "auto" or absent where no tools are given');
  if (choice === "required") return choice;
  const named = isJsonObject(choice) && choice.type === "function" && choice.name;
  if (typeof named !== "string") {
    throw wrong("tool_choice", choice, '"none", "auto", "required", or {"type": "function", "name": …}');
  }
  if (tools.some(({ name }) => name === named)) return { name: named };
  throw wrong("tool_choice.name", named, `one of ${tools.map(({ name }) => name).join(", ")}`);
}
