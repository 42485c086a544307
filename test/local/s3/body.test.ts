import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { startChecksum } from "../../../local/s3/checksums.ts";
import { decodeChunkedBody } from "../../../local/s3/chunked-body.ts";

/** Check values of the algorithms' catalogue entries (CRC-32/ISCSI, CRC-64/NVME, CRC-32/ISO-HDLC). */
test.each([
  ["CRC32", "cbf43926"],
  ["CRC32C", "e3069283"],
  ["CRC64NVME", "ae8b14860a799888"],
] as const)("%s of the nine digits", (algorithm, expected) => {
  const whole = startChecksum(algorithm);
  whole.update(Buffer.from("123456789"));
  expect(whole.digest().toString("hex")).toBe(expected);
  const pieces = startChecksum(algorithm);
  for (const piece of ["1234", "", "5678", "9"]) pieces.update(Buffer.from(piece));
  expect(pieces.digest().toString("hex")).toBe(expected);
});

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function decode(body: Buffer, sizes: readonly number[]) {
  const trailers = new Map<string, string>();
  const chunks: Buffer[] = [];
  for await (const chunk of decodeChunkedBody(pieces(body, sizes), trailers)) chunks.push(Buffer.from(chunk));
  return { bytes: Buffer.concat(chunks), trailers };
}

function encode(chunks: readonly Uint8Array[], signed: boolean): Buffer {
  const extension = signed ? `;chunk-signature=${"0".repeat(64)}` : "";
  const frames = chunks
    .filter(({ length }) => length > 0)
    .flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from("\r\n")]);
  const sum = crc32(Buffer.concat(chunks)).toString(16);
  return Buffer.concat([...frames, Buffer.from(`0${extension}\r\nX-Amz-Checksum-Crc32: ${sum}\r\n\r\n`)]);
}

test("chunked framing comes off, wherever the network cuts it", async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(chunks, sizes, fc.boolean(), async (content, cuts, signed) => {
      const { bytes, trailers } = await decode(encode(content, signed), cuts);
      expect(bytes).toEqual(Buffer.concat(content));
      expect(trailers.get("x-amz-checksum-crc32")).toBe(crc32(bytes).toString(16));
    }),
  );
});

test("a body that ends inside its framing is never taken as whole", async () => {
  const body = encode([Buffer.from("hello"), Buffer.from("world")], false);
  const end = body.indexOf("0\r\nX-Amz");
  for (let length = 0; length < end; length++) {
    await expect(decode(body.subarray(0, length), [7])).rejects.toMatchObject({ code: "IncompleteBody" });
  }
});

test.each(["zz\r\nhello\r\n", "-5\r\nhello\r\n", "3\r\nhello\r\n0\r\n\r\n", `${"1".repeat(9)}\r\n`])(
  "malformed framing is refused: %j",
  async (body) => {
    await expect(decode(Buffer.from(body), [3])).rejects.toMatchObject({ code: "IncompleteBody" });
  },
);
