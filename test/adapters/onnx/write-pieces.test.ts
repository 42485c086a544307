import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { writePieces } from "../../../adapters/onnx/write-pieces.ts";

const folder = mkdtempSync(join(tmpdir(), "farthing-test-pieces-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "file");

async function* each(parts: readonly Uint8Array[], end?: Error) {
  yield* parts;
  if (end !== undefined) throw end;
}

test("the file is its pieces, one after the other, however many and however long", async () => {
  const part = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(3_000_000).fill(7)));
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
      await writePieces(path, each(parts));
      expect(readFileSync(path).equals(Buffer.concat(parts))).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("what ends the pieces ends the writing", async () => {
  const refused = new Error("the digest is another");
  await expect(writePieces(path, each([new Uint8Array(10)], refused))).rejects.toBe(refused);
});

test("a disk that refuses says so", async () => {
  await expect(writePieces("/dev/full", each([new Uint8Array(10)]))).rejects.toMatchObject({ code: "ENOSPC" });
});
