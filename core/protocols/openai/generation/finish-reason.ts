import type { FinishReason } from "../../spec/generation.ts";

const WORDS: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
};

/** OpenAI's word for it. */
export const finishReason = (reason: FinishReason): string => WORDS[reason];
