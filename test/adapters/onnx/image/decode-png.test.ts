import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import { PNG } from "pngjs";
import { decodePng } from "../../../../adapters/onnx/image/decode-png.ts";

const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

function chunk(name: string, content: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

function header({ width, height, bits, colourType, interlaced }: Layout): Buffer {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(width, 0);
  content.writeUInt32BE(height, 4);
  content.set([bits, colourType, 0, 0, Number(interlaced)], 8);
  return chunk("IHDR", content);
}

/** Bytes of a file whose rows have any filter and any content: every such file is valid. */
function fileOf(layout: Layout, byteAt: (index: number) => number): Buffer {
  const { width, height, bits, colourType, interlaced } = layout;
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1] as const];
  const rows: number[] = [];
  for (const [x, y, stepX, stepY] of passes) {
    const columns = Math.ceil((width - x) / stepX);
    const count = columns > 0 ? Math.max(0, Math.ceil((height - y) / stepY)) : 0;
    const rowBytes = Math.ceil((columns * (SAMPLES[colourType] as number) * bits) / 8);
    for (let row = 0; row < count; row++) {
      rows.push(byteAt(rows.length) % 5);
      for (let at = 0; at < rowBytes; at++) rows.push(byteAt(rows.length));
    }
  }
  const palette = Buffer.from(Array.from({ length: 3 * 2 ** Math.min(bits, 8) }, (_, at) => (at * 71) % 256));
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    header(layout),
    ...(colourType === 3 ? [chunk("PLTE", palette)] : []),
    chunk("IDAT", deflateSync(Buffer.from(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const KINDS = [
  ...[1, 2, 4, 8, 16].map((bits) => ({ bits, colourType: 0 })),
  ...[8, 16].map((bits) => ({ bits, colourType: 2 })),
  ...[1, 2, 4, 8].map((bits) => ({ bits, colourType: 3 })),
  ...[8, 16].flatMap((bits) => [4, 6].map((colourType) => ({ bits, colourType }))),
];

test("every kind of file, with any content: the pixels that pngjs reads", () => {
  const size = fc.integer({ min: 1, max: 19 });
  fc.assert(
    fc.property(
      fc.constantFrom(...KINDS),
      fc.record({ width: size, height: size, interlaced: fc.boolean(), seed: fc.nat(1_000_000) }),
      (kind, { seed, ...rest }) => {
        const layout = { ...kind, ...rest };
        const file = fileOf(layout, (index) => Math.imul(seed + index * 7_919, 2_654_435_761) >>> 24);
        const ours = decodePng(file);
        const theirs = PNG.sync.read(file);
        expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height]);
        // pngjs rounds 16 bits to 8; we take the upper ones.
        const within = layout.bits === 16 ? 1 : 0.5;
        for (let at = 0; at < ours.rgba.length; at++) {
          if (at % 4 === 3) continue;
          expect(Math.abs((ours.rgba[at] as number) - (theirs.data[at] as number))).toBeLessThanOrEqual(within);
        }
      },
    ),
    { numRuns: 300 },
  );
});

const PLAIN: Layout = { width: 4, height: 4, bits: 8, colourType: 2, interlaced: false };
const parts = (file: Buffer) => ({ signature: file.subarray(0, 8), rest: file.subarray(33) });

test.each<[string, () => Buffer, string]>([
  ["a checksum that is off", () => fileOf(PLAIN, () => 0).fill(1, 45, 46), "does not match its checksum"],
  ["no end", () => fileOf(PLAIN, () => 0).subarray(0, -12), "it ends before the picture does"],
  ["too few rows", () => withData(Buffer.alloc(20)), "it holds 20 bytes of pixels instead of 52"],
  ["a filter that there is not", () => withData(Buffer.alloc(52, 9)), "a row has filter 9"],
  ["a kind that there is not", () => fileOf({ ...PLAIN, bits: 4 }, () => 0), "colour type 2 of 4 bits"],
  ["a colour outside of the palette", () => withPalette(Buffer.from([1, 2, 3])), "colour 1 is not in its palette"],
])("refused: %s", (_, file, words) => {
  expect(() => decodePng(file())).toThrow(words);
});

test("no byte is given out that the header does not promise", () => {
  expect(() => decodePng(withData(Buffer.alloc(10_000_000)))).toThrow(/Cannot create a Buffer larger than 52 bytes/);
});

test("a second header does not make the picture larger", () => {
  const { signature, rest } = parts(fileOf(PLAIN, () => 0));
  const twice = Buffer.concat([signature, header(PLAIN), header({ ...PLAIN, width: 60_000, height: 60_000 }), rest]);
  expect(decodePng(twice)).toMatchObject({ width: 4, height: 4 });
});

function withData(data: Buffer): Buffer {
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, header(PLAIN), chunk("IDAT", deflateSync(data)), chunk("IEND", Buffer.alloc(0))]);
}

function withPalette(palette: Buffer): Buffer {
  const layout = { ...PLAIN, colourType: 3, width: 1, height: 1 };
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  const data = chunk("IDAT", deflateSync(Buffer.from([0, 1])));
  return Buffer.concat([signature, header(layout), chunk("PLTE", palette), data, chunk("IEND", Buffer.alloc(0))]);
}
