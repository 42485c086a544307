/** What a response is made of: https://platform.openai.com/docs/api-reference/responses/object#responses-object-output */
import type { TokenLogprob, TokenLogprobs } from "../../spec/generation.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** An item as far as it has been made. */
export type Item =
  | { readonly type: "message"; readonly id: string; text: string; readonly tokens: TokenLogprobs[] }
  | { readonly type: "reasoning"; readonly id: string; text: string }
  | {
      readonly type: "function_call";
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      text: string;
    };

/** The item as it is at its beginning: without content. */
export function emptyItem(item: Item): object {
  const { type, id } = item;
  const status: ItemStatus = "in_progress";
  switch (item.type) {
    case "message":
      return { id, type, status, role: "assistant", content: [] };
    case "reasoning":
      return { id, type, status, summary: [], content: [] };
    case "function_call":
      return { id, type, status, call_id: item.callId, name: item.name, arguments: "" };
  }
}

export function itemObject(item: Item, status: ItemStatus): object {
  const { type, id } = item;
  switch (item.type) {
    case "message":
      return { id, type, status, role: "assistant", content: [textPart(item.text, item.tokens)] };
    case "reasoning":
      return { id, type, status, summary: [], content: [thoughtPart(item.text)] };
    case "function_call":
      return { id, type, status, call_id: item.callId, name: item.name, arguments: item.text };
  }
}

export const textPart = (text: string, tokens: readonly TokenLogprobs[]) => ({
  type: "output_text",
  annotations: [],
  logprobs: tokens.map(tokenObject),
  text,
});

export const thoughtPart = (text: string) => ({ type: "reasoning_text", text });

export const tokenObject = (token: TokenLogprobs) => ({
  ...logprobObject(token),
  top_logprobs: token.top.map(logprobObject),
});

const logprobObject = ({ text, bytes, logprob }: TokenLogprob) => ({ token: text, bytes: bytes ?? [], logprob });
