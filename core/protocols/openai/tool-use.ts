/** Which tools a request offers, and how the model shall use them: one rule for both routes that write tools down in their own way. */
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import type { ToolDefinition, ToolUse } from "../spec/generation.ts";
import { readFlag, wrong } from "./fields.ts";
import { readJsonSchema } from "./generation/json-schema.ts";

export const MOST_TOOLS = 128;

/** How a route writes a tool down. */
export interface ToolForm {
  read(tool: unknown, field: string): ToolDefinition;
  /** Of a choice of one tool. */
  nameOf(choice: JsonObject): unknown;
  /** Where names stand, in a tool and in a choice: `.function.name`. */
  readonly namePath: string;
  /** For errors: `{"type": "function", "name": …}`. */
  readonly choiceExample: string;
}

/** Undefined where no tool is offered. */
export function readToolUse(body: JsonObject, form: ToolForm): ToolUse | undefined {
  const { tools, parallel_tool_calls: parallel } = body;
  if (tools !== undefined && tools !== null && !(Array.isArray(tools) && tools.length <= MOST_TOOLS)) {
    throw wrong("tools", tools, `a list of at most ${MOST_TOOLS} tools`);
  }
  const read = ((tools ?? []) as readonly unknown[]).map((tool, index) => form.read(tool, `tools[${index}]`));
  refuseTwins(read, form);
  const choice = readChoice(body.tool_choice, read, form);
  if (read.length === 0) return undefined;
  return {
    tools: read,
    choice,
    ...(parallel !== undefined && parallel !== null && { parallel: readFlag(parallel, "parallel_tool_calls") }),
  };
}

/** What a function has beside its name. `field`: where these members stand. */
export function readFunctionMembers(
  { description, parameters, strict }: JsonObject,
  field: string,
): Omit<ToolDefinition, "name"> {
  if (parameters !== undefined && parameters !== null) {
    const schema = readJsonSchema(parameters, `${field}.parameters`);
    if (schema.type !== undefined && schema.type !== "object") {
      throw wrong(`${field}.parameters.type`, schema.type, '"object": arguments have names');
    }
  }
  return {
    ...(typeof description === "string" && description !== "" && { description }),
    ...(isJsonObject(parameters) && { parameters }),
    ...(strict !== undefined && strict !== null && { strict: readFlag(strict, `${field}.strict`) }),
  };
}

function refuseTwins(tools: readonly ToolDefinition[], { namePath }: ToolForm): void {
  const seen = new Set<string>();
  tools.forEach(({ name }, index) => {
    if (seen.has(name)) throw wrong(`tools[${index}]${namePath}`, name, "a name that no other tool has");
    seen.add(name);
  });
}

function readChoice(choice: unknown, tools: readonly ToolDefinition[], form: ToolForm): ToolUse["choice"] {
  if (choice === undefined || choice === null) return "auto";
  if (choice === "auto" || choice === "none") return choice;
  if (tools.length === 0) throw wrong("tool_choice", choice, '"none", "auto" or absent where no tools are given');
  if (choice === "required") return choice;
  const named = isJsonObject(choice) && choice.type === "function" && form.nameOf(choice);
  if (typeof named !== "string") {
    throw wrong("tool_choice", choice, `"none", "auto", "required", or ${form.choiceExample}`);
  }
  if (tools.some(({ name }) => name === named)) return { name: named };
  throw wrong(`tool_choice${form.namePath}`, named, `one of ${tools.map(({ name }) => name).join(", ")}`);
}
