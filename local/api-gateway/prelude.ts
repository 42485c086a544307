import { MAX_PRELUDE_BYTES } from "./limits.ts";
import { clientHeaders, isRecord, type ResponseHeaders } from "./response-headers.ts";

export interface Prelude {
  readonly status: number;
  readonly headers: ResponseHeaders;
}

const DELIMITER = Buffer.alloc(8);

/**
 * Collects the beginning of a streamed answer until the 8 NUL bytes that end its metadata.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
 */
export class PreludeReader {
  #head: Buffer = Buffer.alloc(0);

  /** What has come so far is not yet the whole prelude: undefined. Throws an Error that says why it is none. */
  push(chunk: Uint8Array): { readonly prelude: Prelude; readonly rest: Buffer } | undefined {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#head = this.#head.length === 0 ? view : Buffer.concat([this.#head, view]);
    const at = this.#head.indexOf(DELIMITER);
    if (at > MAX_PRELUDE_BYTES || (at < 0 && this.#head.length > MAX_PRELUDE_BYTES + DELIMITER.length)) {
      throw new Error(`there are no 8 NUL bytes after the metadata within ${MAX_PRELUDE_BYTES} bytes`);
    }
    if (at < 0) return undefined;
    return {
      prelude: readPrelude(this.#head.subarray(0, at)),
      rest: this.#head.subarray(at + DELIMITER.length),
    };
  }
}

const isString = (value: unknown) => typeof value === "string";

function readPrelude(bytes: Buffer): Prelude {
  const metadata: unknown = JSON.parse(bytes.toString("utf8"));
  if (!isRecord(metadata)) throw new Error("the metadata is not a JSON object");
  const { statusCode = 200, headers = {}, multiValueHeaders = {}, cookies = [] } = metadata;
  if (typeof statusCode !== "number" || !Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
    throw new Error(`statusCode is ${JSON.stringify(statusCode)}, not a status from 200 to 599`);
  }
  if (!isRecord(headers) || !isRecord(multiValueHeaders)) throw new Error("headers are not an object");
  if (!Array.isArray(cookies)) throw new Error("cookies is not a list");
  const withCookies = cookies.length === 0 ? multiValueHeaders : { ...multiValueHeaders, "set-cookie": cookies };
  return { status: statusCode, headers: clientHeaders(headers, withCookies, isString) };
}
