import { FarthingError } from "../../errors.ts";
import type { HttpRequest } from "../spec/http.ts";
import { quoteLongIntegers } from "./long-integers.ts";
import { quoted, received } from "./received.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Throws `malformed_body`: nothing there, compressed, not UTF-8, not JSON, not an object. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  return asBodyObject(parse(bytes));
}

/** A body that was parsed before, once more, with integer literals of 16 to 20 characters as strings of their digits. */
export function parseLongIntegersAsText(bytes: Uint8Array): JsonObject {
  return JSON.parse(quoteLongIntegers(utf8.decode(bytes))) as JsonObject;
}

/** Nothing here decompresses: API Gateway would have, and a small body must not become a large one unseen. */
export function refuseCompressedBody(request: HttpRequest): void {
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "" || encoding.toLowerCase() === "identity") return;
  throw new FarthingError(
    "invalid_field",
    `The header content-encoding is ${quoted(encoding)}; send the body uncompressed, without this header.`,
    { field: "content-encoding" },
  );
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parse(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw notJson("it is empty; it must be a JSON object");
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw notJson("it is not valid UTF-8", error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(syntaxProblem(text, error), error);
  }
}

/** Python's json.dumps writes these without being asked; V8's words for them would puzzle its user. */
const NOT_A_JSON_NUMBER = /[[,:]\s*(-?(?:NaN|Infinity))\s*[\],}]/;
const V8_MET_A_WORD = /^(?:Unexpected token '[NI]'|No number after minus sign)/;

function syntaxProblem(text: string, error: unknown): string {
  if (!(error instanceof Error)) return "it cannot be parsed";
  const found = V8_MET_A_WORD.test(error.message) ? NOT_A_JSON_NUMBER.exec(text) : null;
  if (found === null) return error.message.replaceAll(/\s+/g, " ").slice(0, 200);
  const [whole, word = ""] = found;
  return `JSON has no ${word}, as at position ${found.index + whole.indexOf(word)}; send numbers`;
}

const notJson = (why: string, cause?: unknown): FarthingError =>
  new FarthingError("malformed_body", `The body is not JSON: ${why}.`, { cause });

function asBodyObject(value: unknown): JsonObject {
  if (isJsonObject(value)) return value;
  throw new FarthingError("malformed_body", `The body is ${received(value)}; it must be a JSON object.`);
}
