/** Prompts as token ids that fit into the model's context; or the reason why not, with the counts. */
import { FarthingError, show } from "../../../core/errors.ts";
import type { GenerationInference, GenerationPrompt } from "../../../core/protocols/spec/generation.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { ChatTemplate } from "./chat-template.ts";

export interface PromptRules {
  readonly model: string;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate | undefined;
  /** Tokens of prompt and answer together. */
  readonly context: number;
  /** Most tokens whose keys and values this deployment has memory for. */
  memoryTokens(): number;
}

export interface PromptTokens {
  readonly ids: readonly number[];
  /** Most tokens that each of its choices gets. */
  readonly limit: number;
}

/** No language needs as many characters for a token; a text beyond it is refused before it is tokenized. */
const MAX_CHARACTERS_PER_TOKEN = 64;

export async function promptTokens(request: GenerationInference, rules: PromptRules): Promise<readonly PromptTokens[]> {
  const { prompts, maxTokens } = request;
  const read: PromptTokens[] = [];
  for (const [position, prompt] of prompts.entries()) {
    const field = fieldOf(prompt, position, prompts.length);
    const ids = await idsOf(prompt, field, rules);
    read.push({ ids, limit: limitOf(ids.length, maxTokens, field, rules) });
  }
  return read;
}

function fieldOf(prompt: GenerationPrompt, position: number, count: number): string {
  if (prompt.type === "chat") return "messages";
  return count === 1 ? "prompt" : `prompt[${position}]`;
}

async function idsOf(prompt: GenerationPrompt, field: string, rules: PromptRules): Promise<readonly number[]> {
  const { tokenizer, template, model } = rules;
  switch (prompt.type) {
    case "tokens":
      return checked(prompt.ids, field, rules);
    case "text":
      refuseEndless(prompt.text, field, rules);
      return some(tokenizer.encode(prompt.text), field);
    case "chat": {
      if (template === undefined) {
        const message = `The model "${model}" has no chat template; it continues texts, at /v1/completions.`;
        throw new FarthingError("unsupported_task", message, { field: "model" });
      }
      for (const [index, { content }] of prompt.messages.entries()) {
        refuseEndless(content, `messages[${index}].content`, rules);
      }
      const text = await template(prompt.messages);
      refuseEndless(text, field, rules);
      // The template has written the special tokens that belong around the text.
      return some(tokenizer.encodeBare(text), field);
    }
  }
}

function checked(ids: readonly number[], field: string, { tokenizer }: PromptRules): readonly number[] {
  const wrong = ids.findIndex((id) => !tokenizer.isInVocabulary(id));
  if (wrong === -1) return some(ids, field);
  throw invalid(`${field}[${wrong}] is ${show(ids[wrong])}, which is no token id of this model.`, field);
}

function some(ids: readonly number[], field: string): readonly number[] {
  if (ids.length > 0) return ids;
  throw invalid(`${field} holds no token; the model needs at least one to go on from.`, field);
}

function refuseEndless(text: string, field: string, { context }: PromptRules): void {
  const most = context * MAX_CHARACTERS_PER_TOKEN;
  if (text.length <= most) return;
  const why = `the model's context holds ${context} tokens, which ${most} characters always exceed`;
  throw invalid(`${field} has ${text.length} characters; ${why}. Shorten it.`, field);
}

function limitOf(tokens: number, asked: number | undefined, field: string, rules: PromptRules): number {
  const memoryTokens = rules.memoryTokens();
  const most = Math.min(rules.context, memoryTokens);
  const holds =
    most === rules.context
      ? `The model's context holds ${most} tokens`
      : `This deployment has memory for ${most} of the ${rules.context} tokens of the model's context`;
  if (tokens >= most) {
    const together = `${holds} for prompt and answer together`;
    throw invalid(`${together}; ${field} has ${tokens}, which leaves none for an answer. Shorten it.`, field);
  }
  if (asked === undefined || tokens + asked <= most) return asked ?? most - tokens;
  throw invalid(
    `${holds}; this request asks for ${tokens + asked}: ${tokens} of ${field} and ` +
      `${asked} of the answer. Shorten ${field}, or ask for at most ${most - tokens} tokens.`,
    "max_tokens",
  );
}

const invalid = (message: string, field: string): FarthingError =>
  new FarthingError("invalid_field", message, { field });
