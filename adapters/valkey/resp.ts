/**
 * The protocol of Valkey and Redis, as much of it as answers need: commands out, replies in.
 * https://valkey.io/topics/protocol/
 */
export type Argument = string | Uint8Array;

/** Null: nothing is there. */
export type Reply = string | number | Buffer | null | ReplyError | readonly Reply[];

/** The server understood, and said no: `MOVED 3999 host:6379`, `NOAUTH …`. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
  /** First word of the message. */
  get code(): string {
    return this.message.split(" ", 1)[0] as string;
  }
}

/** Texts only, as a text: one write without a copy. */
export function encodeCommand(args: readonly Argument[]): string | Buffer {
  if (args.every((argument) => typeof argument === "string")) {
    let text = `*${args.length}\r\n`;
    for (const argument of args) text += `$${Buffer.byteLength(argument)}\r\n${argument}\r\n`;
    return text;
  }
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = typeof argument === "string" ? Buffer.from(argument) : argument;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, LINE_END);
  }
  return Buffer.concat(parts);
}

const LINE_END = Buffer.from("\r\n");
const CARRIAGE_RETURN = 0x0d;
/** Nothing that is kept is larger; a length beyond it is garbage. */
const MAX_BULK_BYTES = 64 * 1024 * 1024;
const MAX_ELEMENTS = 1_000_000;
const MAX_DEPTH = 8;

export interface ReplyReader {
  /** Calls back for every reply that is complete with these bytes. Throws an Error for what is no reply at all. */
  push(chunk: Buffer): void;
}

export function createReplyReader(onReply: (reply: Reply) => void): ReplyReader {
  let chunks: Buffer[] = [];
  let bytes = 0;
  /** Fewer bytes cannot hold the next reply: a large value in many pieces is put together once. */
  let needed = 1;

  return {
    push(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < needed) return;
      const all = chunks.length === 1 ? chunk : Buffer.concat(chunks, bytes);
      let at = 0;
      needed = 1;
      while (at < all.length) {
        const read = readReply(all, at, 0);
        if (typeof read === "number") {
          needed = read - at;
          break;
        }
        at = read.end;
        onReply(read.reply);
      }
      bytes = all.length - at;
      chunks = bytes === 0 ? [] : [all.subarray(at)];
    },
  };
}

interface ReadReply {
  readonly reply: Reply;
  readonly end: number;
}

/** A number: so many bytes, at least, are needed from the beginning of `bytes`. */
function readReply(bytes: Buffer, at: number, depth: number): ReadReply | number {
  const lineEnd = bytes.indexOf(CARRIAGE_RETURN, at);
  if (lineEnd === -1 || lineEnd + 2 > bytes.length) {
    if (bytes.length - at > MAX_LINE_BYTES) throw new Error("a line without an end");
    return bytes.length + 1;
  }
  const end = lineEnd + 2;
  const line = bytes.toString("latin1", at + 1, lineEnd);
  switch (bytes[at]) {
    case 0x2b: // +
      return { reply: line, end };
    case 0x2d: // -
      return { reply: new ReplyError(line), end };
    case 0x3a: // :
      return { reply: whole(line, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), end };
    case 0x24: {
      // $
      const length = whole(line, -1, MAX_BULK_BYTES);
      if (length === -1) return { reply: null, end };
      if (bytes.length < end + length + 2) return end + length + 2;
      return { reply: bytes.subarray(end, end + length), end: end + length + 2 };
    }
    case 0x2a: {
      // *
      const count = whole(line, -1, MAX_ELEMENTS);
      if (count === -1) return { reply: null, end };
      if (depth === MAX_DEPTH) throw new Error("replies within replies without an end");
      const replies: Reply[] = [];
      let next = end;
      for (let i = 0; i < count; i++) {
        if (next >= bytes.length) return next + 1;
        const read = readReply(bytes, next, depth + 1);
        if (typeof read === "number") return read;
        replies.push(read.reply);
        next = read.end;
      }
      return { reply: replies, end: next };
    }
    default:
      throw new Error(`no reply begins with byte ${bytes[at]}`);
  }
}

const MAX_LINE_BYTES = 64 * 1024;

function whole(text: string, min: number, max: number): number {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new Error(`"${text.slice(0, 40)}" is no length or number`);
  return value;
}
