import fc from "fast-check";
import { readForm } from "../../../../../core/protocols/openai/files/multipart.ts";
import { errorOf } from "../../fixture-model.ts";

test("what fetch sends, byte by byte, whatever is in the file", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ minLength: 1, maxLength: 20 }),
      async (bytes, name) => {
        const filename = name.toWellFormed().replaceAll(/[\r\n\0-\x1f]/g, "_");
        const form = new FormData();
        form.set("purpose", "batch");
        form.set("file", new File([Buffer.from(bytes)], filename));
        const sent = new Response(form);
        const parts = readForm(new Uint8Array(await sent.arrayBuffer()), sent.headers.get("content-type") as string);
        expect(parts.map((part) => part.name)).toEqual(["purpose", "file"]);
        expect(Buffer.from(parts[0]?.bytes ?? []).toString()).toBe("batch");
        expect(parts[1]?.filename).toBe(filename);
        expect(Buffer.from(parts[1]?.bytes ?? [])).toEqual(Buffer.from(bytes));
      },
    ),
    { numRuns: 40 },
  );
});

test.each([
  ["no boundary", "multipart/form-data", "", /without a boundary/],
  ["another boundary", "multipart/form-data; boundary=x", "--y\r\n", /its boundary is not in it/],
  [
    "an end too soon",
    "multipart/form-data; boundary=x",
    '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb',
    /ends before/,
  ],
  [
    "a part without a name",
    "multipart/form-data; boundary=x",
    "--x\r\ncontent-type: text/plain\r\n\r\nb\r\n--x--",
    /no name/,
  ],
  [
    "a part without an end of its headers",
    "multipart/form-data; boundary=x",
    "--x\r\nb\r\n--x--",
    /no end of its headers/,
  ],
  [
    "too many parts",
    "multipart/form-data; boundary=x",
    `${'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n'.repeat(17)}--x--`,
    /more than 16/,
  ],
])("%s is refused", (_, type, body, words) => {
  const error = errorOf(() => readForm(Buffer.from(body), type));
  expect(error.code).toBe("malformed_body");
  expect(error.message).toMatch(words);
});
