/** The lines of a batch's input, with their places: https://platform.openai.com/docs/guides/batch#1-prepare-your-batch-file */
import { isJsonObject, type JsonObject } from "../protocols/json/parse-json.ts";
import { received } from "../protocols/json/received.ts";
import { BATCH_LIMITS, type BatchEndpoint } from "./batch.ts";

export interface InputLine {
  /** Where it begins, and how long it is without its line break. */
  readonly byte: number;
  /** Counted from 0, empty lines among them. */
  readonly line: number;
  readonly bytes: Uint8Array;
}

const LINE_FEED = 0x0a;

/** Every line, the empty ones too. A line that is too long comes as far as it may go, and one byte. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  start: { readonly byte: number; readonly line: number },
): AsyncGenerator<InputLine> {
  let { byte, line } = start;
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let bytes = 0;

  function keep(part: Uint8Array): void {
    const room = BATCH_LIMITS.mostLineBytes + 1 - keptBytes;
    if (room > 0 && part.length > 0) kept.push(part.subarray(0, room));
    keptBytes += Math.max(0, Math.min(part.length, room));
    bytes += part.length;
  }
  function end(lineBreak: 0 | 1): InputLine {
    const ended = { byte, line, bytes: kept.length === 1 ? (kept[0] as Uint8Array) : Buffer.concat(kept, keptBytes) };
    byte += bytes + lineBreak;
    line++;
    kept = [];
    keptBytes = 0;
    bytes = 0;
    return ended;
  }

  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, at));
      yield end(1);
      from = at + 1;
    }
    keep(chunk.subarray(from));
  }
  if (bytes > 0) yield end(0);
}

export const isEmpty = ({ bytes }: Pick<InputLine, "bytes">): boolean =>
  bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);

export type ReadLine =
  | { readonly type: "request"; readonly customId: string; readonly body: JsonObject }
  | {
      readonly type: "malformed";
      readonly customId: string | undefined;
      readonly code: string;
      readonly message: string;
    };

const MEMBERS = ["custom_id", "method", "url", "body"];
const LONGEST_ID = 512;
const utf8 = new TextDecoder("utf-8", { fatal: true });

export function readLine(bytes: Uint8Array, endpoint: BatchEndpoint): ReadLine {
  if (bytes.length > BATCH_LIMITS.mostLineBytes) {
    return malformed(undefined, "payload_too_large", `The line has more than ${BATCH_LIMITS.mostLineBytes} bytes.`);
  }
  const value = parsed(bytes);
  if (!isJsonObject(value)) return malformed(undefined, "invalid_json_line", "The line is no JSON object in UTF-8.");
  const { custom_id: id, method, url, body } = value;
  if (typeof id !== "string" || id === "" || id.length > LONGEST_ID) {
    return malformed(
      undefined,
      "invalid_field",
      `custom_id is ${received(id)}; it must be a text of 1 to ${LONGEST_ID} characters.`,
    );
  }
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) {
    return malformed(
      id,
      "unknown_field",
      `There is no ${received(unknown)} in a line; there are ${MEMBERS.join(", ")}.`,
    );
  }
  if (method !== "POST") return malformed(id, "invalid_field", `method is ${received(method)}; it must be "POST".`);
  if (url !== endpoint) {
    return malformed(id, "invalid_field", `url is ${received(url)}; it must be the batch's endpoint, "${endpoint}".`);
  }
  if (!isJsonObject(body)) return malformed(id, "invalid_field", `body is ${received(body)}; it must be an object.`);
  if (body.stream === true) {
    return malformed(id, "invalid_field", "body.stream is true; a batch's answers are written to a file, whole.");
  }
  return { type: "request", customId: id, body };
}

const malformed = (customId: string | undefined, code: string, message: string): ReadLine => ({
  type: "malformed",
  customId,
  code,
  message,
});

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}
