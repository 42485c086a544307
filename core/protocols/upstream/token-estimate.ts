/**
 * Tokens of a text, for engines that do not count: four bytes each, as English has with every common tokenizer; other
 * languages have fewer bytes to a token, so the estimate is in the caller's favour. Marked wherever it is used.
 * https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them
 */
import type { GenerationInference } from "../spec/generation.ts";

const BYTES_PER_TOKEN = 4;

export const estimatedTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

export function estimatedInputTokens({ prompts, engine }: GenerationInference): number {
  let tokens = 0;
  for (const prompt of prompts) {
    if (prompt.type === "tokens") tokens += prompt.ids.length;
    else if (prompt.type === "text") tokens += estimatedTokens(prompt.text);
    else
      for (const { content, toolCalls } of prompt.messages)
        tokens += estimatedTokens(content + JSON.stringify(toolCalls ?? ""));
  }
  return tokens + (engine?.tools === undefined ? 0 : estimatedTokens(JSON.stringify(engine.tools.tools)));
}
