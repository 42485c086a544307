import fc from "fast-check";
import { readEventStream, type StreamMessage } from "../../../adapters/aws/event-stream.ts";
import { eventMessage } from "./event-message.ts";

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, size = bytes.length): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  for await (const message of readEventStream(inPieces(bytes, Math.max(1, size)))) messages.push(message);
  return messages;
}

test("messages come out as they went in, however the bytes are cut", async () => {
  const header = fc.dictionary(fc.stringMatching(/^[:a-z-]{1,20}$/), fc.stringMatching(/^[ -~]{0,50}$/), {
    maxKeys: 4,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(header, fc.uint8Array()), { maxLength: 5 }),
      fc.integer({ min: 1, max: 40 }),
      async (sent, size) => {
        const bytes = Buffer.concat(sent.map(([headers, payload]) => eventMessage(headers, payload)));
        const received = await read(bytes, size);
        expect(received.map(({ headers, payload }) => [{ ...headers }, [...payload]])).toEqual(
          sent.map(([headers, payload]) => [{ ...headers }, [...payload]]),
        );
      },
    ),
  );
});

const MESSAGE = eventMessage({ ":event-type": "PayloadChunk" }, Buffer.from("payload"));

test("a stream that ends inside a message is not taken for a whole one", async () => {
  await expect(read(MESSAGE.subarray(0, -1))).rejects.toThrow(`ends ${MESSAGE.length - 1} bytes into a message`);
});

test("a bit that flipped on the way is noticed", async () => {
  const damaged = Buffer.from(MESSAGE);
  damaged.writeUInt8(damaged.readUInt8(30) ^ 1, 30);
  await expect(read(damaged)).rejects.toThrow("checksum");
});

test("bytes that are no such stream are refused, not waited for", async () => {
  await expect(read(Buffer.from("<html>not an event stream</html>"))).rejects.toThrow("a message of");
});
