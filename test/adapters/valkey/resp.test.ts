import fc from "fast-check";
import { createReplyReader, encodeCommand, type Reply, ReplyError } from "../../../adapters/valkey/resp.ts";

/** The server's side. */
function encodeReply(reply: Reply): Buffer {
  if (reply === null) return Buffer.from("$-1\r\n");
  if (reply instanceof ReplyError) return Buffer.from(`-${reply.message}\r\n`);
  if (typeof reply === "string") return Buffer.from(`+${reply}\r\n`);
  if (typeof reply === "number") return Buffer.from(`:${reply}\r\n`);
  if (Buffer.isBuffer(reply)) return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encodeReply)]);
}

const simple = fc.oneof(
  fc.constant<Reply>(null),
  fc.integer(),
  fc.stringMatching(/^[ -~]{0,20}$/),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.stringMatching(/^[A-Z]{3,8} [a-z]{0,9}$/).map((text) => new ReplyError(text)),
);
const anyReply: fc.Arbitrary<Reply> = fc.oneof(
  simple,
  fc.array(fc.oneof(simple, fc.array(simple, { maxLength: 3 })), { maxLength: 4 }),
);

test("replies come out as they went in, cut anywhere", () => {
  fc.assert(
    fc.property(fc.array(anyReply, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 60 })), (replies, cuts) => {
      const read: Reply[] = [];
      const reader = createReplyReader((reply) => read.push(reply));
      let rest = Buffer.concat(replies.map(encodeReply));
      for (let cut = 0; rest.length > 0; cut++) {
        const size = cuts[cut] ?? rest.length;
        reader.push(Buffer.from(rest.subarray(0, size)));
        rest = rest.subarray(size);
      }
      expect(read).toEqual(replies);
    }),
    { numRuns: 500 },
  );
});

test("garbage ends the connection instead of being waited for", () => {
  const push = (text: string) => createReplyReader(() => {}).push(Buffer.from(text));
  for (const text of [
    "HTTP/1.1 400 Bad Request\r\n",
    "$99999999999\r\n",
    "$x\r\n",
    ":1e3\r\n",
    "*-5\r\n",
    "*1\r\n".repeat(20),
  ]) {
    expect(() => push(text)).toThrow();
  }
  expect(() => push(`+${"a".repeat(100_000)}`)).toThrow("without an end");
});

test("commands are arrays of bulk strings, texts counted in bytes", () => {
  expect(encodeCommand(["GET", "é"]).toString()).toBe("*2\r\n$3\r\nGET\r\n$2\r\né\r\n");
  expect(encodeCommand(["SET", "k", Uint8Array.of(0, 255)])).toEqual(
    Buffer.concat([Buffer.from("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n"), Buffer.from([0, 255]), Buffer.from("\r\n")]),
  );
});
