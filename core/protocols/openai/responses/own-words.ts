/**
 * Refusals in the words of POST /v1/responses. What checks a request once it is decoded, here or in an engine far away, knows the
 * fields of chat; a caller who never sent `messages` must not read of them.
 */
import { FarthingError } from "../../../errors.ts";

const NAMES: Readonly<Record<string, string>> = {
  // Items are not messages: their numbers would mislead.
  messages: "input",
  max_tokens: "max_output_tokens",
  max_completion_tokens: "max_output_tokens",
  response_format: "text.format",
  reasoning_effort: "reasoning.effort",
};
const NAME = new RegExp(`(?<![\\w.])(${Object.keys(NAMES).join("|")})(\\[\\d+\\](\\.\\w+)*)?(?!\\w)`, "g");

const renamed = (text: string): string => text.replaceAll(NAME, (_, name: string) => NAMES[name] as string);

/** Errors of the decoding speak of the body as it is: those that name a field that it should not have are left alone. */
export function inResponsesWords(error: FarthingError): FarthingError {
  const { code, message, field, retryAfterSeconds, cause } = error;
  if (code !== "invalid_field") return error;
  return new FarthingError(code, renamed(message), {
    ...(field !== undefined && { field: renamed(field) }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    cause,
  });
}
