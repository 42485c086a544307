/**
 * Tools as POST /v1/responses has them: the function's members stand beside its type, not below it.
 * https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools
 */
import { FarthingError } from "../../../errors.ts";
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { ToolDefinition, ToolUse } from "../../spec/generation.ts";
import { wrong } from "../fields.ts";
import { readName } from "../generation/tools.ts";
import { readFunctionMembers, readToolUse as readTools, type ToolForm } from "../tool-use.ts";

const MEMBERS = ["type", "name", "description", "parameters", "strict"];

const FORM: ToolForm = {
  read: readTool,
  nameOf: (choice) => choice.name,
  namePath: ".name",
  choiceExample: '{"type": "function", "name": …}',
};

/** Undefined where no tool is offered. */
export const readToolUse = (body: JsonObject): ToolUse | undefined => readTools(body, FORM);

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
  const members = readFunctionMembers(tool, field);
  return { name: readName(tool.name, `${field}.name`), ...members };
}
