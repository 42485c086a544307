/**
 * A generation told as OpenAI's Responses tells it: items that begin, grow and end.
 * https://platform.openai.com/docs/api-reference/responses-streaming
 *
 * The last event holds the whole response; a buffered answer is that event's.
 */
import { asFarthingError, type FarthingError } from "../../../errors.ts";
import type { AnsweredBy } from "../../protocol.ts";
import type { FinishReason, GenerationEvent, TokenLogprobs } from "../../spec/generation.ts";
import { openAiErrorBody } from "../error.ts";
import {
  emptyItem,
  type Item,
  type ItemStatus,
  itemObject,
  textPart,
  thoughtPart,
  tokenObject,
} from "./output-items.ts";
import { inResponsesWords } from "./own-words.ts";
import { outcomeOf, type ResponseForm, responseHead, responseObject } from "./response-object.ts";

export interface SemanticEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

interface OpenItem {
  readonly item: Item;
  readonly index: number;
}

/** Throws what the generation throws, after the events `error` and `response.failed` that tell of it. */
export async function* semanticEvents(
  events: AsyncIterable<GenerationEvent>,
  form: ResponseForm,
  answer: AnsweredBy,
): AsyncGenerator<SemanticEvent> {
  const head = responseHead(form, answer);
  const items = createItems(answer.requestId);
  let finish: FinishReason = "stop";
  const begun = { response: responseObject(head, { status: "in_progress" }, [], answer) };
  yield { type: "response.created", ...begun };
  yield { type: "response.in_progress", ...begun };
  try {
    for await (const event of events) {
      switch (event.type) {
        case "start":
        case "text-start":
          break;
        case "text-delta":
          if (event.text !== "" || event.tokens?.length) yield* items.said(event.text, event.tokens ?? []);
          break;
        case "reasoning-delta":
          if (event.text !== "") yield* items.thought(event.text);
          break;
        case "tool-call-start":
          yield* items.called(event.call, event.id, event.name);
          break;
        case "tool-call-delta":
          if (event.argumentsText !== "") yield* items.argued(event.call, event.argumentsText);
          break;
        case "text-finish":
          finish = event.reason;
          break;
        case "finish": {
          const outcome = outcomeOf(finish, event.usage);
          const status = outcome.status === "completed" ? "completed" : "incomplete";
          yield* items.ended(status);
          const response = responseObject(head, outcome, items.output(status), answer);
          yield { type: `response.${outcome.status}`, response };
          return;
        }
      }
    }
    throw new Error("the generation ended without its last event");
  } catch (thrown) {
    const told = asFarthingError(thrown);
    const error = inResponsesWords(told);
    yield failure(error);
    const response = responseObject(head, { status: "failed", error }, items.output("incomplete"), answer);
    yield { type: "response.failed", response };
    throw told;
  }
}

function failure(error: FarthingError): SemanticEvent {
  const { code, message, param } = openAiErrorBody(error).error;
  return { type: "error", code, message, param };
}

/** Text and thoughts end where something else begins; calls may grow side by side until all ends. */
function createItems(requestId: string) {
  const all: OpenItem[] = [];
  const open = new Set<OpenItem>();
  const calls = new Map<number, OpenItem>();

  const place = ({ item, index }: OpenItem) => ({ item_id: item.id, output_index: index });

  function* begin(item: Item): Generator<SemanticEvent, OpenItem> {
    for (const before of open) if (before.item.type !== "function_call") yield* end(before, "completed");
    const entry = { item, index: all.length };
    all.push(entry);
    open.add(entry);
    yield { type: "response.output_item.added", output_index: entry.index, item: emptyItem(item) };
    if (item.type !== "function_call") {
      const part = item.type === "message" ? textPart("", []) : thoughtPart("");
      yield { type: "response.content_part.added", ...place(entry), content_index: 0, part };
    }
    return entry;
  }

  function* end(entry: OpenItem, status: ItemStatus): Generator<SemanticEvent> {
    open.delete(entry);
    const { item } = entry;
    const at = place(entry);
    const inPart = { ...at, content_index: 0 };
    switch (item.type) {
      case "message": {
        const part = textPart(item.text, item.tokens);
        yield { type: "response.output_text.done", ...inPart, text: item.text, logprobs: part.logprobs };
        yield { type: "response.content_part.done", ...inPart, part };
        break;
      }
      case "reasoning":
        yield { type: "response.reasoning_text.done", ...inPart, text: item.text };
        yield { type: "response.content_part.done", ...inPart, part: thoughtPart(item.text) };
        break;
      case "function_call":
        yield { type: "response.function_call_arguments.done", ...at, name: item.name, arguments: item.text };
    }
    yield { type: "response.output_item.done", output_index: entry.index, item: itemObject(item, status) };
  }

  /** The last item, if it is of that type and still grows. */
  function current<Type extends Item["type"]>(
    type: Type,
  ): (OpenItem & { readonly item: Extract<Item, { type: Type }> }) | undefined {
    const last = all.at(-1);
    return last?.item.type === type && open.has(last)
      ? (last as OpenItem & { readonly item: Extract<Item, { type: Type }> })
      : undefined;
  }

  const newId = (prefix: string) => `${prefix}_${requestId}_${all.length}`;

  return {
    *said(text: string, tokens: readonly TokenLogprobs[]): Generator<SemanticEvent> {
      if (current("message") === undefined) yield* begin({ type: "message", id: newId("msg"), text: "", tokens: [] });
      const entry = current("message");
      if (entry === undefined) return;
      entry.item.text += text;
      entry.item.tokens.push(...tokens);
      const logprobs = tokens.map(tokenObject);
      yield { type: "response.output_text.delta", ...place(entry), content_index: 0, delta: text, logprobs };
    },
    *thought(text: string): Generator<SemanticEvent> {
      if (current("reasoning") === undefined) yield* begin({ type: "reasoning", id: newId("rs"), text: "" });
      const entry = current("reasoning");
      if (entry === undefined) return;
      entry.item.text += text;
      yield { type: "response.reasoning_text.delta", ...place(entry), content_index: 0, delta: text };
    },
    *called(call: number, callId: string, name: string): Generator<SemanticEvent> {
      calls.set(call, yield* begin({ type: "function_call", id: newId("fc"), callId, name, text: "" }));
    },
    *argued(call: number, text: string): Generator<SemanticEvent> {
      const entry = calls.get(call);
      if (entry === undefined) throw new Error(`arguments of call ${call} came before its start`);
      entry.item.text += text;
      yield { type: "response.function_call_arguments.delta", ...place(entry), delta: text };
    },
    /** A model that said nothing at all has said an empty text. */
    *ended(status: ItemStatus): Generator<SemanticEvent> {
      if (all.length === 0) yield* begin({ type: "message", id: newId("msg"), text: "", tokens: [] });
      for (const entry of open) yield* end(entry, entry === all.at(-1) ? status : "completed");
    },
    /** `last`: of the last item, the only one that can have been cut off. */
    output: (last: ItemStatus): readonly object[] =>
      all.map((entry) => itemObject(entry.item, entry === all.at(-1) ? last : "completed")),
  };
}
