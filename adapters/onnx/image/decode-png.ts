/**
 * PNG → pixels: https://www.w3.org/TR/png-3/. Our own, since what there is cannot be used in a function: pngjs needs
 * `require`, and inflates interlaced files without a bound; @jsquash/png does not survive a damaged file; others inflate in
 * JavaScript and keep rows packed. zlib does the work, and gives out no byte more than the header promises. Transparency is
 * left out, as in Pillow's convert("RGB"); of 16 bits the upper 8 count.
 */
import { crc32, inflateSync } from "node:zlib";
import type { Picture } from "./picture.ts";

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly colourType: number;
  readonly isInterlaced: boolean;
}

/** Samples per pixel, and the depths that are allowed, by colour type. */
const COLOUR_TYPES: Readonly<Record<number, { readonly samples: number; readonly bits: readonly number[] }>> = {
  0: { samples: 1, bits: [1, 2, 4, 8, 16] },
  2: { samples: 3, bits: [8, 16] },
  3: { samples: 1, bits: [1, 2, 4, 8] },
  4: { samples: 2, bits: [8, 16] },
  6: { samples: 4, bits: [8, 16] },
};
const PALETTE = 3;

interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
}
const WHOLE: readonly Pass[] = [{ x: 0, y: 0, stepX: 1, stepY: 1 }];
const ADAM7: readonly Pass[] = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
];

/** Throws an Error that says what is wrong with the file. */
export function decodePng(bytes: Uint8Array): Picture {
  const { layout, palette, data } = readChunks(bytes);
  const { width, height, bits } = layout;
  const samples = COLOUR_TYPES[layout.colourType]?.samples as number;
  const passes = (layout.isInterlaced ? ADAM7 : WHOLE)
    .map((pass) => ({
      ...pass,
      columns: Math.ceil((width - pass.x) / pass.stepX),
      rows: Math.ceil((height - pass.y) / pass.stepY),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const rowBytesOf = (columns: number) => Math.ceil((columns * samples * bits) / 8);
  const length = passes.reduce((sum, { columns, rows }) => sum + (rowBytesOf(columns) + 1) * rows, 0);
  const raw = inflateSync(data, { maxOutputLength: length });
  if (raw.length < length) throw new Error(`it holds ${raw.length} bytes of pixels instead of ${length}`);

  const rgba = new Uint8Array(width * height * 4);
  let offset = 0;
  for (const { x, y, stepX, stepY, columns, rows } of passes) {
    const rowBytes = rowBytesOf(columns);
    unfilter(raw, offset, rowBytes, rows, Math.max(1, (samples * bits) >> 3));
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(offset + 1, offset + 1 + rowBytes);
      const target = ((y + row * stepY) * width + x) * 4;
      paint(line, columns, layout, palette, rgba, target, stepX * 4);
      offset += rowBytes + 1;
    }
  }
  return { width, height, rgba };
}

function readChunks(bytes: Uint8Array): { layout: Layout; palette: Uint8Array; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let layout: Layout | undefined;
  let palette: Uint8Array = new Uint8Array();
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw new Error("it ends before the picture does");
    const length = view.getUint32(at);
    const name = Buffer.from(bytes.subarray(at + 4, at + 8)).toString("latin1");
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw new Error(`its part ${JSON.stringify(name)} is longer than the file`);
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      throw new Error(`its part ${JSON.stringify(name)} does not match its checksum`);
    }
    const content = bytes.subarray(at + 8, end);
    if (name === "IHDR") layout ??= readLayout(content);
    else if (name === "PLTE") palette = content;
    else if (name === "IDAT") parts.push(content);
    else if (name === "IEND") break;
    at = end + 4;
  }
  if (layout === undefined) throw new Error("it has no header");
  return { layout, palette, data: Buffer.concat(parts) };
}

function readLayout(content: Uint8Array): Layout {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [bits, colourType, interlace] = [view.getUint8(8), view.getUint8(9), view.getUint8(12)];
  if (!COLOUR_TYPES[colourType]?.bits.includes(bits) || interlace > 1) {
    throw new Error(`it says colour type ${colourType} of ${bits} bits, interlace ${interlace}, which there is not`);
  }
  return { width: view.getUint32(0), height: view.getUint32(4), bits, colourType, isInterlaced: interlace === 1 };
}

/** In place: each row becomes what it was before its filter. `pixelBytes`: how far back the byte of the pixel before is. */
function unfilter(raw: Uint8Array, start: number, rowBytes: number, rows: number, pixelBytes: number): void {
  for (let row = 0; row < rows; row++) {
    const at = start + row * (rowBytes + 1);
    const filter = raw[at] as number;
    if (filter === 0) continue;
    if (filter > 4) throw new Error(`a row has filter ${filter}, which there is not`);
    const above = row === 0 ? -1 : at - rowBytes;
    for (let column = 0; column < rowBytes; column++) {
      const here = at + 1 + column;
      const left = column < pixelBytes ? 0 : (raw[here - pixelBytes] as number);
      const up = above === -1 ? 0 : (raw[above + column] as number);
      const upLeft = above === -1 || column < pixelBytes ? 0 : (raw[above + column - pixelBytes] as number);
      raw[here] = (raw[here] as number) + predicted(filter, left, up, upLeft);
    }
  }
}

function predicted(filter: number, left: number, up: number, upLeft: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const [fromLeft, fromUp, fromBoth] = [
    Math.abs(up - upLeft),
    Math.abs(left - upLeft),
    Math.abs(left + up - 2 * upLeft),
  ];
  if (fromLeft <= fromUp && fromLeft <= fromBoth) return left;
  return fromUp <= fromBoth ? up : upLeft;
}

/** One row of a pass into the picture, `step` bytes from pixel to pixel. */
function paint(
  line: Uint8Array,
  columns: number,
  { bits, colourType }: Layout,
  palette: Uint8Array,
  rgba: Uint8Array,
  target: number,
  step: number,
): void {
  const isColour = colourType === 2 || colourType === 6;
  const samples = COLOUR_TYPES[colourType]?.samples as number;
  for (let column = 0, to = target; column < columns; column++, to += step) {
    const first = sample(line, column * samples, bits);
    if (colourType === PALETTE) {
      if (first * 3 + 2 >= palette.length) throw new Error(`colour ${first} is not in its palette`);
      for (let at = 0; at < 3; at++) rgba[to + at] = palette[first * 3 + at] as number;
    } else {
      // One, two and four bits are spread over 0 to 255.
      const grey = bits < 8 ? (first * 255) / (2 ** bits - 1) : first;
      rgba[to] = grey;
      rgba[to + 1] = isColour ? sample(line, column * samples + 1, bits) : grey;
      rgba[to + 2] = isColour ? sample(line, column * samples + 2, bits) : grey;
    }
    rgba[to + 3] = 255;
  }
}

function sample(line: Uint8Array, index: number, bits: number): number {
  if (bits === 8) return line[index] as number;
  if (bits === 16) return line[index * 2] as number;
  const perByte = 8 / bits;
  const shift = 8 - bits - (index % perByte) * bits;
  return ((line[Math.floor(index / perByte)] as number) >> shift) & (2 ** bits - 1);
}
