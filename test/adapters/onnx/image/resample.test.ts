import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodePicture } from "../../../../adapters/onnx/image/decode-picture.ts";
import type { Pixels } from "../../../../adapters/onnx/image/picture.ts";
import { type Filter, resize } from "../../../../adapters/onnx/image/resample.ts";
import { describeWithData } from "../../../shared-data.ts";

const digest = (data: Uint8Array) => createHash("sha256").update(data).digest("hex").slice(0, 16);

/** A small picture that no filter leaves alone. */
const WIDTH = 37;
const HEIGHT = 23;
const PICTURE: Pixels = {
  width: WIDTH,
  height: HEIGHT,
  channels: 3,
  data: Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % WIDTH, Math.floor(at / 3 / WIDTH)];
    return [x * 7 + y * 13, x * x + y, 255 - x * 3 - y][at % 3] as number;
  }),
};

/** SHA-256 of what Pillow 12 makes of the same pixels: Image.fromarray(…).resize((width, height), filter).tobytes() */
test.each<[Filter, number, number, string]>([
  ["nearest", 10, 8, "63af4f30b6b44c74"],
  ["nearest", 64, 50, "3d068cc940b507c2"],
  ["nearest", 37, 11, "19d44effa89624b9"],
  ["bilinear", 10, 8, "19159e7d6d4eef09"],
  ["bilinear", 64, 50, "9a3bba434f7c572e"],
  ["bilinear", 37, 11, "0f746f7f7e9e5ab9"],
  ["bicubic", 10, 8, "26a42e1ab3ddffd8"],
  ["bicubic", 64, 50, "a2affd790cc4f259"],
  ["bicubic", 12, 23, "18eca661fb9bf8b9"],
  ["lanczos", 10, 8, "de7d1ec743015e3e"],
  ["lanczos", 64, 50, "ee51a077e2e9c7e0"],
  ["lanczos", 12, 23, "42c19b5d551e8441"],
])("%s to %i × %i: to the bit as Pillow", (filter, width, height, expected) => {
  const resized = resize(PICTURE, width, height, filter);
  expect(resized).toMatchObject({ width, height, channels: 3 });
  expect(digest(resized.data)).toBe(expected);
});

test("a size that is there already costs nothing", () => {
  expect(resize(PICTURE, WIDTH, HEIGHT, "bicubic")).toBe(PICTURE);
});

describeWithData("models/ultraface-rfb-320", "a photograph", (folder) => {
  test("decoded and resized: to the bit as Pillow", async () => {
    const { width, height, rgba } = await decodePicture(readFileSync(join(folder, "samples/1.jpg")), "image");
    const data = rgba.filter((_, at) => at % 4 !== 3);
    expect([width, height, digest(data)]).toEqual([720, 478, "920b67c9c9a60969"]);
    const pixels = { width, height, channels: 3, data };
    expect(digest(resize(pixels, 300, 200, "nearest").data)).toBe("3d024ccd8a701ab4");
    expect(digest(resize(pixels, 224, 224, "bilinear").data)).toBe("6a677a9d213080c7");
    expect(digest(resize(pixels, 1000, 700, "bicubic").data)).toBe("87361e77f7323777");
  });
});
