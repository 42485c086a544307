import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { PNG } from "pngjs";
import { decodePicture, PICTURE_LIMITS } from "../../../../adapters/onnx/image/decode-picture.ts";
import type { Orientation } from "../../../../adapters/onnx/image/exif-orientation.ts";
import { upright } from "../../../../adapters/onnx/image/upright.ts";
import { jpegWithExif, TINY_JPEG } from "./tiny-jpeg.ts";

const png = (width: number, height: number, paint: (at: number) => readonly number[]): Buffer => {
  const picture = new PNG({ width, height });
  for (let at = 0; at < width * height; at++) picture.data.set(paint(at), at * 4);
  return PNG.sync.write(picture);
};
const decode = (bytes: Uint8Array) => decodePicture(bytes, "inputs[0].data");

test("a PNG comes as it is", async () => {
  const { width, height, rgba } = await decode(png(3, 2, (at) => [at, 10 * at, 255 - at, 255]));
  expect([width, height]).toEqual([3, 2]);
  expect([...rgba.subarray(4, 8)]).toEqual([1, 10, 254, 255]);
});

test("a JPEG: left red, right blue", async () => {
  const { width, height, rgba } = await decode(TINY_JPEG);
  expect([width, height]).toEqual([16, 8]);
  expect(rgba[0]).toBeGreaterThan(200);
  expect(rgba[15 * 4 + 2]).toBeGreaterThan(200);
});

describe("orientation", () => {
  const stored = { width: 3, height: 2, rgba: Uint8Array.from({ length: 24 }, (_, at) => at) };
  const first = (at: number) => (stored.rgba[at * 4] as number) / 4;
  const order = (orientation: Orientation) => {
    const { width, height, rgba } = upright(stored, orientation);
    return [width, height, ...Array.from({ length: 6 }, (_, at) => (rgba[at * 4] as number) / 4)];
  };

  test.each<[Orientation, readonly number[]]>([
    [1, [3, 2, 0, 1, 2, 3, 4, 5]],
    [2, [3, 2, 2, 1, 0, 5, 4, 3]],
    [3, [3, 2, 5, 4, 3, 2, 1, 0]],
    [4, [3, 2, 3, 4, 5, 0, 1, 2]],
    [5, [2, 3, 0, 3, 1, 4, 2, 5]],
    [6, [2, 3, 3, 0, 4, 1, 5, 2]],
    [7, [2, 3, 5, 2, 4, 1, 3, 0]],
    [8, [2, 3, 2, 5, 1, 4, 0, 3]],
  ])("%i", (orientation, expected) => {
    expect(first(1)).toBe(1);
    expect(order(orientation)).toEqual(expected);
  });

  test("a camera held on its side: what was left is on top", async () => {
    for (const bigEndian of [true, false]) {
      const { width, height, rgba } = await decode(jpegWithExif(6, bigEndian));
      expect([width, height]).toEqual([8, 16]);
      expect(rgba[0]).toBeGreaterThan(200);
      expect(rgba[15 * 8 * 4 + 2]).toBeGreaterThan(200);
    }
  });

  test("EXIF that is damaged or says nonsense leaves the picture as it is stored", async () => {
    expect((await decode(jpegWithExif(9, true))).width).toBe(16);
    const damaged = jpegWithExif(6, true);
    damaged.fill(0xff, 30, 34);
    expect((await decode(damaged)).width).toBe(16);
  });
});

describe("refused", () => {
  const chunk = (name: string, data: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(name), data, Buffer.alloc(4)]);
  };
  const header = (width: number, height: number, bits: number, interlaced: boolean): Buffer => {
    const data = Buffer.alloc(13);
    data.writeUInt32BE(width, 0);
    data.writeUInt32BE(height, 4);
    data.set([bits, 6, 0, 0, interlaced ? 1 : 0], 8);
    return chunk("IHDR", data);
  };
  const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");
  const pngOf = (...chunks: readonly Buffer[]) => Buffer.concat([SIGNATURE, ...chunks]);

  test.each<[string, Uint8Array, string]>([
    ["no picture", Buffer.from("hello, this is text"), "neither a JPEG nor a PNG file"],
    ["nothing", new Uint8Array(), "0 bytes that are neither"],
    ["a GIF", Buffer.from("GIF89a............"), "neither a JPEG nor a PNG file"],
    ["a JPEG's first bytes", TINY_JPEG.subarray(0, 40), "neither a JPEG nor a PNG file"],
    ["half a JPEG", TINY_JPEG.subarray(0, TINY_JPEG.length - 20), "cannot be decoded: it ends before the picture does"],
    ["half a PNG", png(64, 64, (at) => [at, at * 7, at * 13, 255]).subarray(0, 300), "cannot be decoded"],
    ["no pixels", pngOf(header(0, 10, 8, false)), "0 × 10 pixels"],
  ])("%s", async (_, bytes, words) => {
    await expect(decode(bytes)).rejects.toMatchObject({ code: "invalid_field", field: "inputs[0].data" });
    await expect(decode(bytes)).rejects.toThrow(words);
  });

  test("a decompression bomb, before it is decoded: by the size that it names", async () => {
    const bomb = pngOf(header(60_000, 60_000, 8, false), chunk("IDAT", deflateSync(Buffer.alloc(1_000_000))));
    await expect(decode(bomb)).rejects.toThrow(
      `60000 × 60000 pixels; at most ${PICTURE_LIMITS.pixels} pixels are taken`,
    );
    const wide = Buffer.from(TINY_JPEG);
    wide.writeUInt32BE(0xffff_ffff, TINY_JPEG.indexOf(Buffer.from([0xff, 0xc0])) + 5);
    await expect(decode(wide)).rejects.toThrow("65535 × 65535 pixels");
    const deep = pngOf(header(2_500, 2_500, 16, false));
    await expect(decode(deep)).rejects.toThrow(`at most ${PICTURE_LIMITS.pixels / 2} pixels`);
  });

  test.each([true, false])("a bomb behind a small size (interlaced: %s)", async (interlaced) => {
    const data = deflateSync(Buffer.alloc(50_000_000));
    const bomb = pngOf(header(8, 8, 8, interlaced), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0)));
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    await expect(decode(bomb)).rejects.toThrow("cannot be decoded");
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().external - before).toBeLessThan(20_000_000);
  });

  test("a JPEG of a thousand scans", async () => {
    const scans = Buffer.concat(Array.from({ length: 1_000 }, () => Buffer.from([0xff, 0xda, 0, 2])));
    await expect(decode(Buffer.concat([TINY_JPEG, scans]))).rejects.toThrow("scans; at most 64 are taken");
  });

  test("whatever the bytes, it is an answer or an error of the caller's, and the next picture is decoded", async () => {
    const files = [TINY_JPEG, png(9, 5, (at) => [at, at, at, 255]), jpegWithExif(3, false)];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.nat(255), async (file, place, value) => {
        const damaged = Buffer.from(file);
        damaged[place % damaged.length] = value;
        const result = await decode(damaged).catch((error: { readonly code?: string }) => error);
        if ("code" in result) expect(result.code).toBe("invalid_field");
      }),
      { numRuns: 300 },
    );
    expect((await decode(TINY_JPEG)).width).toBe(16);
  });
});
