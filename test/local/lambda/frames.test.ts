import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { FrameReader, FrameWriter } from "../../../local/lambda/runtime/frames.mjs";

const piece = fc.oneof(fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 40_000, size: "max" }));
const frame = fc.record({
  type: fc.integer({ min: 1, max: 6 }),
  number: fc.nat({ max: 0xffffffff }),
  pieces: fc.array(piece, { maxLength: 4 }),
});
type Frame = readonly [type: number, number: number, payload: string];

const asRead = ({
  type,
  number,
  pieces,
}: {
  type: number;
  number: number;
  pieces: readonly (string | Uint8Array)[];
}): Frame => [type, number, Buffer.concat(pieces.map((each) => Buffer.from(each as string))).toString("hex")];

test("frames come out as they went in, however the bytes are cut on their way", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 8 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 9000 })),
      async (frames, cuts) => {
        const socket = new PassThrough();
        const writer = new FrameWriter(socket as unknown as Socket);
        for (const { type, number, pieces } of frames) writer.add(type, number, pieces);
        const bytes = buffer(socket);
        setImmediate(() => socket.end());
        const sent = await bytes;
        const seen: Frame[] = [];
        const reader = new FrameReader((type, number, payload) => seen.push([type, number, payload.toString("hex")]));
        for (let at = 0; at < sent.length; ) {
          const end = at + (cuts.next().value as number);
          reader.push(sent.subarray(at, end));
          at = end;
        }
        expect(seen).toEqual(frames.map(asRead));
      },
    ),
    { numRuns: 60 },
  );
});

test("what is written in one turn leaves with one write", async () => {
  const socket = new PassThrough();
  const writes: number[] = [];
  socket.on("data", (chunk: Buffer) => writes.push(chunk.length));
  const writer = new FrameWriter(socket as unknown as Socket);
  for (let number = 0; number < 10; number++) writer.add(1, number, ["event"]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(writes).toEqual([10 * (9 + 5)]);
});
