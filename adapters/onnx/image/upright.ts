import type { Orientation } from "./exif-orientation.ts";
import type { Picture } from "./picture.ts";

/** The picture as the camera saw it. */
export function upright(picture: Picture, orientation: Orientation): Picture {
  if (orientation === 1) return picture;
  const { width, height } = picture;
  const isOnItsSide = orientation >= 5;
  const [newWidth, newHeight] = isOnItsSide ? [height, width] : [width, height];
  const from = new Uint32Array(picture.rgba.buffer, picture.rgba.byteOffset, width * height);
  const to = new Uint32Array(width * height);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) to[y * newWidth + x] = from[sourceOf(x, y, picture, orientation)] as number;
  }
  return { width: newWidth, height: newHeight, rgba: new Uint8Array(to.buffer) };
}

/** Where in the stored picture the pixel stands that is at x, y of the upright one. */
function sourceOf(x: number, y: number, { width, height }: Picture, orientation: Orientation): number {
  const [right, bottom] = [width - 1, height - 1];
  switch (orientation) {
    case 2:
      return y * width + (right - x);
    case 3:
      return (bottom - y) * width + (right - x);
    case 4:
      return (bottom - y) * width + x;
    case 5:
      return x * width + y;
    case 6:
      return (bottom - x) * width + y;
    case 7:
      return (bottom - x) * width + (right - y);
    case 8:
      return x * width + (right - y);
    default:
      return y * width + x;
  }
}
