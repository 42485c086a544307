/**
 * The input of POST /v1/responses: a text, or items as earlier responses gave them, with what tools answered.
 * https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
 *
 * Items are smaller than a chat's messages: thoughts, text and calls of one turn become one message of the assistant.
 */
import { FarthingError } from "../../../errors.ts";
import { isJsonObject, type JsonObject } from "../../json/parse-json.ts";
import type { ChatMessage, ToolCall } from "../../spec/generation.ts";
import { readText, wrong } from "../fields.ts";
import { wellFormed } from "../generation/chat-request.ts";
import { readName } from "../generation/tools.ts";

const MOST_ITEMS = 4_096;

export function readInput({ input, instructions }: JsonObject): readonly ChatMessage[] {
  const messages: ChatMessage[] = [];
  if (instructions !== undefined && instructions !== null) {
    if (typeof instructions !== "string") throw wrong("instructions", instructions, "a text");
    messages.push({ role: "system", content: wellFormed(instructions, "instructions") });
  }
  if (input === undefined || input === null) {
    throw new FarthingError("missing_field", "input is absent; it must be a text, or an array of items.", {
      field: "input",
    });
  }
  if (typeof input === "string") {
    messages.push({ role: "user", content: readText(input, "input") });
    return messages;
  }
  if (!Array.isArray(input) || input.length === 0 || input.length > MOST_ITEMS) {
    throw wrong("input", input, `a text, or an array of 1 to ${MOST_ITEMS} items`);
  }
  return [...messages, ...messagesOf(input)];
}

/** The assistant's turn as far as it has been read. */
interface Turn {
  content: string | undefined;
  reasoning: string | undefined;
  readonly calls: ToolCall[];
}

function messagesOf(items: readonly unknown[]): readonly ChatMessage[] {
  const messages: ChatMessage[] = [];
  const called = new Set<string>();
  let turn: Turn | undefined;

  function endTurn(): void {
    if (turn === undefined) return;
    const { content, reasoning, calls } = turn;
    messages.push({
      role: "assistant",
      content: content ?? "",
      ...(calls.length > 0 && { toolCalls: calls }),
      ...(reasoning !== undefined && { reasoning }),
    });
    turn = undefined;
  }

  function turnBefore(part: "reasoning" | "content" | "call"): Turn {
    const began = turn !== undefined && (turn.content !== undefined || turn.calls.length > 0);
    if ((part === "reasoning" && began) || (part === "content" && began)) endTurn();
    turn ??= { content: undefined, reasoning: undefined, calls: [] };
    return turn;
  }

  items.forEach((item, index) => {
    const field = `input[${index}]`;
    if (!isJsonObject(item)) throw wrong(field, item, 'an object like {"role": "user", "content": …}');
    switch (item.type ?? "message") {
      case "message": {
        const role = readRole(item, field);
        const content = readContent(item.content, `${field}.content`);
        if (role === "assistant") turnBefore("content").content = content;
        else {
          endTurn();
          messages.push({ role, content });
        }
        break;
      }
      case "reasoning": {
        const thought = readThought(item, field);
        const open = turnBefore("reasoning");
        open.reasoning = open.reasoning === undefined ? thought : `${open.reasoning}\n${thought}`;
        break;
      }
      case "function_call": {
        const call = readCall(item, field);
        called.add(call.id);
        turnBefore("call").calls.push(call);
        break;
      }
      case "function_call_output": {
        const id = readText(item.call_id, `${field}.call_id`);
        // Engines answer an unknown id with words of their own, some of them with a 500.
        if (!called.has(id)) throw wrong(`${field}.call_id`, id, "the call_id of an earlier function_call in input");
        endTurn();
        messages.push({ role: "tool", content: readContent(item.output, `${field}.output`), toolCallId: id });
        break;
      }
      case "item_reference":
        throw wrong(`${field}.type`, item.type, "an item itself; nothing is stored here that could be referred to");
      default:
        throw wrong(`${field}.type`, item.type, "one of message, reasoning, function_call, function_call_output");
    }
  });
  endTurn();
  return messages;
}

const ROLES: Readonly<Record<string, "system" | "user" | "assistant">> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
};

function readRole({ role }: JsonObject, field: string): "system" | "user" | "assistant" {
  const read = typeof role === "string" && Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
  if (read === undefined) throw wrong(`${field}.role`, role, `one of ${Object.keys(ROLES).join(", ")}`);
  return read;
}

/** Members that hold a part's text, by the part's type. */
const TEXT_MEMBERS: Readonly<Record<string, string>> = { input_text: "text", output_text: "text", refusal: "refusal" };

function readContent(content: unknown, field: string): string {
  if (typeof content === "string") return wellFormed(content, field);
  if (!Array.isArray(content))
    throw wrong(field, content, "a text, or an array of parts of type input_text or output_text");
  return content.map((part: unknown, index) => readPart(part, `${field}[${index}]`, TEXT_MEMBERS)).join("");
}

const THOUGHT_MEMBERS: Readonly<Record<string, string>> = { reasoning_text: "text", summary_text: "text" };

/** The thoughts themselves, or what sums them up where only that was kept. */
function readThought({ content, summary }: JsonObject, field: string): string {
  const [name, parts] =
    Array.isArray(content) && content.length > 0 ? ["content", content] : ["summary", summary ?? []];
  if (!Array.isArray(parts))
    throw wrong(`${field}.${name}`, parts, "an array of parts of type reasoning_text or summary_text");
  return parts.map((part: unknown, index) => readPart(part, `${field}.${name}[${index}]`, THOUGHT_MEMBERS)).join("");
}

function readPart(part: unknown, place: string, members: Readonly<Record<string, string>>): string {
  if (!isJsonObject(part)) throw wrong(place, part, `an object of the type ${Object.keys(members).join(" or ")}`);
  const member = typeof part.type === "string" && Object.hasOwn(members, part.type) ? members[part.type] : undefined;
  if (member === undefined) {
    throw wrong(`${place}.type`, part.type, `${Object.keys(members).join(" or ")}: the models here read nothing else`);
  }
  const text = part[member];
  if (typeof text !== "string") throw wrong(`${place}.${member}`, text, "a text");
  return wellFormed(text, `${place}.${member}`);
}

function readCall(item: JsonObject, field: string): ToolCall {
  const { arguments: argumentsText } = item;
  if (typeof argumentsText !== "string") throw wrong(`${field}.arguments`, argumentsText, "JSON as a text");
  return { id: readText(item.call_id, `${field}.call_id`), name: readName(item.name, `${field}.name`), argumentsText };
}
