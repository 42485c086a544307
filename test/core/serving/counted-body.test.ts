import fc from "fast-check";
import { countedBody } from "../../../core/serving/counted-body.ts";

const response = (body: string | Uint8Array | AsyncIterable<Uint8Array>) => ({ status: 200, headers: {}, body });

async function* streamOf(chunks: readonly Uint8Array[], breaks = false): AsyncGenerator<Uint8Array> {
  yield* chunks;
  if (breaks) throw new Error("broke off");
}

test("a body that lies ready is counted at once, in bytes", () => {
  const sizes: number[] = [];
  countedBody(response("zwölf"), (bytes) => sizes.push(bytes));
  countedBody(response(new Uint8Array(7)), (bytes) => sizes.push(bytes));
  expect(sizes).toEqual([6, 7]);
});

test("a stream passes unchanged, and is settled before its last chunk", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 5 })), async (chunks) => {
      let settled: number | undefined;
      const received: Uint8Array[] = [];
      const { body } = countedBody(response(streamOf(chunks)), (bytes) => {
        expect(settled).toBeUndefined();
        expect(received.length).toBe(Math.max(0, chunks.length - 1));
        settled = bytes;
      });
      for await (const chunk of body as AsyncIterable<Uint8Array>) received.push(chunk);
      expect(received).toEqual(chunks);
      expect(settled).toBe(chunks.reduce((sum, { length }) => sum + length, 0));
    }),
  );
});

test("a stream that breaks off, or is given up, settles with what it gave", async () => {
  const sizes: number[] = [];
  const broken = countedBody(response(streamOf([new Uint8Array(3)], true)), (bytes) => sizes.push(bytes));
  await expect(async () => {
    for await (const _ of broken.body as AsyncIterable<Uint8Array>) void _;
  }).rejects.toThrow("broke off");
  const left = countedBody(response(streamOf([new Uint8Array(2), new Uint8Array(2)])), (bytes) => sizes.push(bytes));
  for await (const _ of left.body as AsyncIterable<Uint8Array>) break;
  expect(sizes).toEqual([3, 2]);
});
