/**
 * Tokens of a text, for engines that do not count: four bytes each, as English has with every common tokenizer; other
 * languages have fewer bytes to a token, so the estimate is in the caller's favour. Marked wherever it is used.
 * https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them
 */
import type { ChatMessage, GenerationInference, GenerationPrompt } from "../spec/generation.ts";

const BYTES_PER_TOKEN = 4;

export const estimatedTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

/** What a chat template adds to each message, and to the whole. https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken */
const TEMPLATE_TOKENS = { message: 4, whole: 3 } as const;

export function estimatedInputTokens({ prompts, engine }: GenerationInference): number {
  const tools = engine?.tools === undefined ? 0 : estimatedTokens(JSON.stringify(engine.tools.tools));
  return prompts.reduce((sum, prompt) => sum + promptTokens(prompt), tools);
}

function promptTokens(prompt: GenerationPrompt): number {
  switch (prompt.type) {
    case "tokens":
      return prompt.ids.length;
    case "text":
      return estimatedTokens(prompt.text);
    case "chat":
      return prompt.messages.reduce<number>((sum, message) => sum + messageTokens(message), TEMPLATE_TOKENS.whole);
  }
}

const messageTokens = ({ content, toolCalls }: ChatMessage): number =>
  TEMPLATE_TOKENS.message + estimatedTokens(toolCalls === undefined ? content : content + JSON.stringify(toolCalls));
