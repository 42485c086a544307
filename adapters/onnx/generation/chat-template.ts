/**
 * A chat as the one text that the model was trained on, laid out by the template in its tokenizer_config.json.
 * @huggingface/jinja is the field's implementation of what templates use of Jinja (transformers.js is built on it): 53 kB
 * in a bundle, no dependencies, loaded with the first chat.
 */
import type { Template } from "@huggingface/jinja";
import { FarthingError } from "../../../core/errors.ts";
import type { ChatMessage } from "../../../core/protocols/spec/generation.ts";

export type ChatTemplate = (messages: readonly ChatMessage[]) => Promise<string>;

interface TokenizerConfig {
  readonly chat_template?: string | readonly { readonly name: string; readonly template: string }[];
  readonly bos_token?: SpecialToken;
  readonly eos_token?: SpecialToken;
  readonly pad_token?: SpecialToken;
  readonly unk_token?: SpecialToken;
}

type SpecialToken = string | { readonly content: string } | null;

/** Undefined for a model without a template: it is none for chats. */
export function chatTemplate(config: object | undefined): ChatTemplate | undefined {
  const known = (config ?? {}) as TokenizerConfig;
  const source = templateText(known.chat_template);
  if (source === undefined) return undefined;
  let parsed: Promise<Template> | undefined;
  const variables = {
    add_generation_prompt: true,
    bos_token: specialText(known.bos_token),
    eos_token: specialText(known.eos_token),
    pad_token: specialText(known.pad_token),
    unk_token: specialText(known.unk_token),
  };
  return async (messages) => {
    parsed ??= import("@huggingface/jinja").then((jinja) => new jinja.Template(source));
    const template = await parsed;
    try {
      return template.render({ ...variables, messages: messages.map((message) => ({ ...message })) });
    } catch (error) {
      throw refused(error);
    }
  };
}

/** Templates check what they take (roles that alternate, no system message) and say so in their own words. */
function refused(error: unknown): FarthingError {
  const why = error instanceof Error ? error.message.replace(/\s+/g, " ").slice(0, 200) : String(error);
  return new FarthingError("invalid_field", `messages are refused by the model's chat template: ${why}`, {
    field: "messages",
    cause: error,
  });
}

/** Some models have several, for tools or for documents; the one for plain chats is called `default`. */
function templateText(template: TokenizerConfig["chat_template"]): string | undefined {
  if (template === undefined || typeof template === "string") return template;
  return template.find(({ name }) => name === "default")?.template;
}

const specialText = (token: SpecialToken | undefined): string =>
  typeof token === "string" ? token : (token?.content ?? "");
