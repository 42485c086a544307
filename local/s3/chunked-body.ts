import { s3Error } from "./errors.ts";

/** Far above what a chunk's header or a trailer needs. */
const MAX_LINE_BYTES = 8 * 1024;

/**
 * Takes S3's `aws-chunked` framing off a body: `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n … 0\r\n<trailers>\r\n`.
 * Trailers are put into `trailers` (lower-case names) before the last value is yielded. Signatures of chunks are skipped.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export async function* decodeChunkedBody(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  for (;;) {
    const line = await reader.line();
    const [, digits] = /^([0-9a-fA-F]{1,8})(?:;.*)?$/.exec(line ?? "") ?? [];
    if (digits === undefined)
      throw malformed(`a chunk's size was expected, received ${JSON.stringify(line?.slice(0, 40))}`);
    const size = Number.parseInt(digits, 16);
    if (size === 0) break;
    yield* reader.take(size);
    if ((await reader.line()) !== "") throw malformed("a chunk is longer than its size says");
  }
  for (let line = await reader.line(); line !== undefined && line !== ""; line = await reader.line()) {
    const at = line.indexOf(":");
    if (at < 1) throw s3Error("MalformedTrailerError", "The request contained trailing data that was not well-formed.");
    trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }
  await reader.drain();
}

class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Without its line end; undefined at the end of the body. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf("\n");
      if (end >= 0) {
        const line = this.#buffer.subarray(0, end).toString("latin1");
        this.#buffer = this.#buffer.subarray(end + 1);
        return line.endsWith("\r") ? line.slice(0, -1) : line;
      }
      if (this.#buffer.length > MAX_LINE_BYTES) throw malformed("a line of the chunked framing is too long");
      if (!(await this.#more())) {
        if (this.#buffer.length > 0) throw malformed("the body ends inside its framing");
        return undefined;
      }
    }
  }

  async *take(bytes: number): AsyncGenerator<Buffer> {
    let left = bytes;
    while (left > 0) {
      if (this.#buffer.length === 0 && !(await this.#more())) throw malformed("the body ends inside a chunk");
      const piece = this.#buffer.subarray(0, left);
      this.#buffer = this.#buffer.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async drain(): Promise<void> {
    while (await this.#more()) this.#buffer = Buffer.alloc(0);
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#buffer = this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    return true;
  }
}

const malformed = (what: string) =>
  s3Error("IncompleteBody", `The request body terminated unexpectedly or is not well-formed aws-chunked: ${what}.`);
