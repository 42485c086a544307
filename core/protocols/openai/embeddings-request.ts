/**
 * The body of POST /v1/embeddings: https://platform.openai.com/docs/api-reference/embeddings/create
 * Unknown fields are refused, as OpenAI does here: what others send along (`input_type`, `truncate`, `task`) would change
 * the vectors, and vectors that are quietly of another kind cannot be told apart later.
 */
import { FarthingError } from "../../errors.ts";
import type { JsonObject } from "../json/parse-json.ts";
import { readText, refuseFieldsBut, wrong } from "./fields.ts";

/** OpenAI's limit. https://platform.openai.com/docs/api-reference/embeddings/create#embeddings-create-input */
export const MAX_INPUTS = 2048;
const MAX_TOKEN_ID = 2 ** 31 - 1;

export type EmbeddingInput = string | readonly number[];

const FIELDS = new Set(["model", "input", "encoding_format", "dimensions", "user"]);
const INPUT_FORMS = "a string, an array of strings, an array of token ids, or an array of arrays of token ids";

export function refuseUnknownFields(body: JsonObject): void {
  refuseFieldsBut(FIELDS, body);
  if (body.user !== undefined && typeof body.user !== "string") throw wrong("user", body.user, "a string");
}

export function readEncodingFormat(body: JsonObject): "float" | "base64" {
  const format = body.encoding_format ?? "float";
  if (format === "float" || format === "base64") return format;
  throw wrong("encoding_format", format, '"float" or "base64"');
}

/** `longest`: what the model gives, where it is known. */
export function readDimensions(body: JsonObject, longest: number | undefined): number | undefined {
  const { dimensions } = body;
  if (dimensions === undefined || dimensions === null) return undefined;
  const most = longest ?? Number.MAX_SAFE_INTEGER;
  if (typeof dimensions === "number" && Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= most) {
    return dimensions;
  }
  throw wrong("dimensions", dimensions, `a whole number from 1${longest === undefined ? "" : ` to ${longest}`}`);
}

/** All four forms as a list of inputs; an empty text or list of tokens has no embedding and is refused. */
export function readInputs(body: JsonObject): readonly EmbeddingInput[] {
  const { input } = body;
  if (input === undefined) {
    throw new FarthingError("missing_field", `input is absent; it must be ${INPUT_FORMS}.`, { field: "input" });
  }
  if (typeof input === "string") return [readText(input, "input")];
  if (!Array.isArray(input) || input.length === 0) throw wrong("input", input, `${INPUT_FORMS}, not empty`);
  const first: unknown = input[0];
  if (typeof first === "number") return [readTokens(input, "input")];
  if (input.length > MAX_INPUTS) throw wrong("input", input, `at most ${MAX_INPUTS} texts or token arrays`);
  if (typeof first === "string") return input.map((text, index) => readTextBeside(text, `input[${index}]`));
  if (Array.isArray(first)) return input.map((tokens, index) => readTokens(tokens, `input[${index}]`));
  throw wrong("input[0]", first, "a string, a token id or an array of token ids");
}

function readTextBeside(value: unknown, field: string): string {
  if (typeof value !== "string") throw wrong(field, value, "a string, like the inputs before it");
  return readText(value, field);
}

function readTokens(value: unknown, field: string): readonly number[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(field, value, "an array of token ids, not empty");
  for (let index = 0; index < value.length; index++) {
    const token: unknown = value[index];
    if (typeof token === "number" && Number.isInteger(token) && token >= 0 && token <= MAX_TOKEN_ID) continue;
    throw wrong(`${field}[${index}]`, token, `a token id: a whole number from 0 to ${MAX_TOKEN_ID}`);
  }
  return value;
}
