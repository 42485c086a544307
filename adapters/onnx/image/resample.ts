/**
 * Resizes as Pillow does, to the bit: models are trained on pictures that it scaled. Each pass is a weighted sum over the
 * source pixels under the filter, which grows with the scale, so that nothing is skipped when a picture shrinks.
 * https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */
import type { Pixels } from "./picture.ts";

export type Filter = "nearest" | "bilinear" | "bicubic" | "lanczos";

interface Kernel {
  readonly support: number;
  weight(distance: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const KERNELS: Readonly<Record<Exclude<Filter, "nearest">, Kernel>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(distance) {
      const x = Math.abs(distance);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? ((x - 5) * x + 8) * x * -0.5 + 2 : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Pillow's fixed point: 32 bits less 8 of the result and 2 of head room. */
const PRECISION_BITS = 22;

export function resize(pixels: Pixels, width: number, height: number, filter: Filter): Pixels {
  if (filter === "nearest") return nearest(pixels, width, height);
  const across = width === pixels.width ? pixels : horizontally(pixels, width, KERNELS[filter]);
  return height === across.height ? across : vertically(across, height, KERNELS[filter]);
}

function nearest(pixels: Pixels, width: number, height: number): Pixels {
  const { channels } = pixels;
  const columns = nearestPositions(pixels.width, width);
  const rows = nearestPositions(pixels.height, height);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((rows[y] as number) * pixels.width + (columns[x] as number)) * channels;
      data.set(pixels.data.subarray(from, from + channels), (y * width + x) * channels);
    }
  }
  return { width, height, channels, data };
}

/** Added up step by step, as Pillow does: multiplying would round another way where a position falls between two pixels. */
function nearestPositions(size: number, newSize: number): Int32Array {
  const scale = size / newSize;
  const positions = new Int32Array(newSize);
  let place = scale * 0.5;
  for (let at = 0; at < newSize; at++) {
    positions[at] = Math.min(Math.trunc(place), size - 1);
    place += scale;
  }
  return positions;
}

interface Taps {
  /** First source pixel of each result, how many there are, and where their weights begin. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly start: Int32Array;
  readonly weights: Int32Array;
}

function tapsOf(size: number, newSize: number, { support, weight }: Kernel): Taps {
  const scale = size / newSize;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const most = Math.ceil(reach) * 2 + 1;
  const [first, count, start] = [new Int32Array(newSize), new Int32Array(newSize), new Int32Array(newSize)];
  const weights = new Int32Array(newSize * most);
  for (let at = 0; at < newSize; at++) {
    const centre = (at + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - reach + 0.5));
    const until = Math.min(size, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: until - from }, (_, tap) => weight((tap + from - centre + 0.5) / stretch));
    const sum = raw.reduce((total, one) => total + one, 0);
    first[at] = from;
    count[at] = raw.length;
    start[at] = at * most;
    for (const [tap, value] of raw.entries()) weights[at * most + tap] = fixed(sum === 0 ? value : value / sum);
  }
  return { first, count, start, weights };
}

const fixed = (value: number): number => Math.trunc((value < 0 ? -0.5 : 0.5) + value * 2 ** PRECISION_BITS);

const clipped = (sum: number): number => {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
};
const HALF = 2 ** (PRECISION_BITS - 1);

function horizontally({ width, height, channels, data }: Pixels, newWidth: number, kernel: Kernel): Pixels {
  const { first, count, start, weights } = tapsOf(width, newWidth, kernel);
  const result = new Uint8Array(newWidth * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      const from = (y * width + (first[x] as number)) * channels;
      const taps = count[x] as number;
      const weightsFrom = start[x] as number;
      for (let channel = 0; channel < channels; channel++) {
        let sum = HALF;
        for (let tap = 0; tap < taps; tap++) {
          sum += (data[from + tap * channels + channel] as number) * (weights[weightsFrom + tap] as number);
        }
        result[(y * newWidth + x) * channels + channel] = clipped(sum);
      }
    }
  }
  return { width: newWidth, height, channels, data: result };
}

function vertically({ width, height, channels, data }: Pixels, newHeight: number, kernel: Kernel): Pixels {
  const { first, count, start, weights } = tapsOf(height, newHeight, kernel);
  const rowBytes = width * channels;
  const result = new Uint8Array(rowBytes * newHeight);
  for (let y = 0; y < newHeight; y++) {
    const from = (first[y] as number) * rowBytes;
    const taps = count[y] as number;
    const weightsFrom = start[y] as number;
    for (let at = 0; at < rowBytes; at++) {
      let sum = HALF;
      for (let tap = 0; tap < taps; tap++) {
        sum += (data[from + tap * rowBytes + at] as number) * (weights[weightsFrom + tap] as number);
      }
      result[y * rowBytes + at] = clipped(sum);
    }
  }
  return { width, height: newHeight, channels, data: result };
}
