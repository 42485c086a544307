/** What callers send, as rows of token ids that the model can take; or the reason why not. */
import { FarthingError, show } from "../../../core/errors.ts";
import type { TensorInference } from "../../../core/protocols/spec/inference.ts";
import { TEXT_INPUT } from "../../../core/models/task-signature.ts";
import type { TokenRows } from "./text-graph.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface TokenRules {
  readonly tokenizer: Tokenizer;
  /** Longest row, special tokens included. */
  readonly maxTokens: number;
  /** Path of the input with this position in the request, for messages. */
  fieldOf(position: number): string;
}

/** No language needs as many characters for a token; a text beyond it is refused before it is tokenized. */
const MAX_CHARACTERS_PER_TOKEN = 64;

export function tokenRows(inputs: readonly (string | readonly number[])[], rules: TokenRules): TokenRows {
  return inputs.map((input, position) => {
    const field = rules.fieldOf(position);
    const row = typeof input === "string" ? encoded(input, field, rules) : checkedIds(input, field, rules);
    if (row.length === 0) throw invalid(`${field} is ${show(input)}, which holds no token; send at least one.`, field);
    if (row.length > rules.maxTokens) {
      throw invalid(`${field} has ${row.length} tokens; the model takes at most ${rules.maxTokens}. Shorten or split it.`, field);
    }
    return row;
  });
}

function encoded(text: string, field: string, { tokenizer, maxTokens }: TokenRules): readonly number[] {
  if (text.length > maxTokens * MAX_CHARACTERS_PER_TOKEN) {
    throw invalid(
      `${field} has ${text.length} characters; the model takes at most ${maxTokens} tokens, which ` +
        `${maxTokens * MAX_CHARACTERS_PER_TOKEN} characters always exceed. Shorten or split it.`,
      field,
    );
  }
  return tokenizer.encode(text);
}

function checkedIds(ids: readonly number[], field: string, { tokenizer }: TokenRules): readonly number[] {
  const wrong = ids.findIndex((id) => !tokenizer.isInVocabulary(id));
  if (wrong === -1) return ids;
  const path = `${field}[${wrong}]`;
  throw invalid(`${path} is ${show(ids[wrong])}, which is no token id of this model.`, path);
}

/** The texts of a request that came as a tensor, checked against the task's signature by its protocol. */
export function textsOf(request: TensorInference): readonly string[] {
  const text = request.inputs.find(({ name }) => name === TEXT_INPUT);
  if (text?.dataType !== "BYTES") {
    throw new FarthingError("missing_field", `The input "${TEXT_INPUT}" of datatype BYTES is missing.`, { field: "inputs" });
  }
  return text.data as readonly string[];
}

const invalid = (message: string, field: string): FarthingError => new FarthingError("invalid_field", message, { field });
