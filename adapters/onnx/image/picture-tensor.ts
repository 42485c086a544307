/** A picture → the numbers that the graph takes, by the card's `image`: channels, size, cut, scale. */
import type { ModelCard } from "../../../core/models/card.ts";
import type { Picture, Pixels } from "./picture.ts";
import { resize } from "./resample.ts";

export type ImageRules = NonNullable<ModelCard["image"]>;

export interface PictureTensor {
  /** [1, channels, height, width] */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const DEFAULTS = { channels: "rgb", resample: "bilinear", rescale: 1 / 255 } as const;

export function pictureTensor(picture: Picture, rules: ImageRules): PictureTensor {
  const pixels = channelsOf(picture, rules.channels ?? DEFAULTS.channels);
  const { width, height } = resizedSize(pixels, rules);
  const sized = resize(pixels, width, height, rules.resample ?? DEFAULTS.resample);
  return planes(sized, rules.crop ?? { width, height }, rules);
}

/** Width and height of what the card makes of any picture; undefined where they depend on the picture. */
export function fixedSize({ resize: wanted, crop }: ImageRules): { width: number; height: number } | undefined {
  return crop ?? (wanted !== undefined && "width" in wanted ? wanted : undefined);
}

function resizedSize({ width, height }: Pixels, { resize: wanted }: ImageRules): { width: number; height: number } {
  if (wanted === undefined) return { width, height };
  if ("width" in wanted) return wanted;
  const { shortestEdge } = wanted;
  // As transformers: the longer side is rounded down.
  const longer = Math.trunc((shortestEdge * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: shortestEdge, height: longer } : { width: longer, height: shortestEdge };
}

function channelsOf({ width, height, rgba }: Picture, order: "rgb" | "bgr" | "gray"): Pixels {
  const count = width * height;
  const channels = order === "gray" ? 1 : 3;
  const data = new Uint8Array(count * channels);
  for (let at = 0; at < count; at++) {
    const [red, green, blue] = [rgba[at * 4] as number, rgba[at * 4 + 1] as number, rgba[at * 4 + 2] as number];
    if (order === "gray") {
      // Pillow's integer form of ITU-R 601-2.
      data[at] = (red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16;
      continue;
    }
    data[at * 3] = order === "rgb" ? red : blue;
    data[at * 3 + 1] = green;
    data[at * 3 + 2] = order === "rgb" ? blue : red;
  }
  return { width, height, channels, data };
}

/** Cut from the centre, black where the picture is smaller; one plane per channel. */
function planes(
  pixels: Pixels,
  { width, height }: { width: number; height: number },
  rules: ImageRules,
): PictureTensor {
  const { channels } = pixels;
  const left = Math.floor((pixels.width - width) / 2);
  const top = Math.floor((pixels.height - height) / 2);
  const rescale = rules.rescale ?? DEFAULTS.rescale;
  const data = new Float32Array(channels * width * height);
  for (let channel = 0; channel < channels; channel++) {
    const mean = perChannel(rules.mean, channel, 0);
    const std = perChannel(rules.std, channel, 1);
    let at = channel * width * height;
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++, at++) {
        const isInside = x >= 0 && y >= 0 && x < pixels.width && y < pixels.height;
        const value = isInside ? (pixels.data[(y * pixels.width + x) * channels + channel] as number) : 0;
        data[at] = (value * rescale - mean) / std;
      }
    }
  }
  return { shape: [1, channels, height, width], data };
}

const perChannel = (values: readonly number[] | undefined, channel: number, otherwise: number): number =>
  values?.[channel] ?? values?.[0] ?? otherwise;
