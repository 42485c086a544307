import fc from "fast-check";
import { BATCH_LIMITS } from "../../../core/batches/batch.ts";
import { linesOf, readLine } from "../../../core/batches/input-lines.ts";

async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test("lines come out whole, wherever their file is cut, and reading goes on at any of them", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[ab €\r]{0,12}$/), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      async (texts, sizes, pick) => {
        const file = Buffer.from(texts.join("\n"));
        const lines = [];
        for await (const line of linesOf(chunked(file, sizes), { byte: 0, line: 0 })) lines.push(line);
        // After the last line break there is a line only if there is something in it.
        const expected = texts.join("\n") === "" ? [] : texts.at(-1) === "" ? texts.slice(0, -1) : texts;
        expect(lines.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(expected);
        const start = lines[pick % Math.max(1, lines.length)];
        if (start === undefined) return;
        const rest = [];
        for await (const line of linesOf(chunked(file.subarray(start.byte), sizes), start)) rest.push(line);
        expect(rest).toEqual(lines.slice(start.line));
      },
    ),
  );
});

test("a line that is too long is cut, refused, and does not move the next one", async () => {
  const long = Buffer.alloc(BATCH_LIMITS.mostLineBytes + 100, 0x61);
  const lines = [];
  for await (const line of linesOf(chunked(Buffer.concat([long, Buffer.from("\nb")]), [1 << 20]), {
    byte: 0,
    line: 0,
  })) {
    lines.push(line);
  }
  expect(lines.map(({ byte, bytes }) => [byte, bytes.length])).toEqual([
    [0, BATCH_LIMITS.mostLineBytes + 1],
    [long.length + 1, 1],
  ]);
  expect(readLine(lines[0]?.bytes as Uint8Array, "/v1/embeddings")).toMatchObject({ code: "payload_too_large" });
});
