/** What a file says of its picture before anything is decoded: what kind it is, how large, and how the camera was held. */
import { exifOrientation, type Orientation } from "./exif-orientation.ts";

export interface PictureHeader {
  readonly format: "jpeg" | "png";
  /** As stored, before it is turned upright. */
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
  /** Colour components per pixel, and bits of each. */
  readonly components: number;
  readonly bits: number;
  /** Times that a JPEG goes over the picture; 1 for PNG. */
  readonly scans: number;
}

/** Undefined when the bytes are neither, or end before they say how large the picture is. */
export function pictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint16(0) === 0xffd8) return jpegHeader(bytes, view);
    if (view.getBigUint64(0) === 0x89504e470d0a1a0an) return pngHeader(bytes, view);
  } catch (error) {
    // A length that points behind the end of the file.
    if ((error as Error).name !== "RangeError") throw error;
  }
  return undefined;
}

const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
/** https://www.w3.org/Graphics/JPEG/itu-t81.pdf, table B.1: all SOF but DHT, JPG and DAC, which lie between them. */
const isStartOfFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

function jpegHeader(bytes: Uint8Array, view: DataView): PictureHeader | undefined {
  let orientation: Orientation = 1;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = view.getUint16(at + 2);
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (marker === APP1 && isExif(segment)) orientation = exifOrientation(segment.subarray(6));
    if (marker === START_OF_SCAN) return undefined;
    if (isStartOfFrame(marker)) {
      const [bits, components] = [view.getUint8(at + 4), view.getUint8(at + 9)];
      const scans = countScans(bytes.subarray(at));
      return {
        format: "jpeg",
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        orientation,
        components,
        bits,
        scans,
      };
    }
    at += 2 + length;
  }
}

const isExif = (segment: Uint8Array): boolean => Buffer.from(segment.subarray(0, 6)).toString("latin1") === "Exif\0\0";

/** In compressed data, 0xff is followed by 0: what looks like a marker is one. */
function countScans(bytes: Uint8Array): number {
  let scans = 0;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marker = Buffer.from([0xff, START_OF_SCAN]);
  for (let at = buffer.indexOf(marker); at !== -1; at = buffer.indexOf(marker, at + 2)) scans++;
  return scans;
}

const PNG_COMPONENTS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** https://www.w3.org/TR/png-3/#11IHDR: it is always the first chunk. */
function pngHeader(bytes: Uint8Array, view: DataView): PictureHeader | undefined {
  if (nameAt(bytes, 12) !== "IHDR") return undefined;
  const components = PNG_COMPONENTS[view.getUint8(25)];
  if (components === undefined) return undefined;
  return {
    format: "png",
    width: view.getUint32(16),
    height: view.getUint32(20),
    orientation: pngOrientation(bytes, view),
    components,
    bits: view.getUint8(24),
    scans: 1,
  };
}

/** https://www.w3.org/TR/png-3/#eXIf */
function pngOrientation(bytes: Uint8Array, view: DataView): Orientation {
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = nameAt(bytes, at + 4);
    if (name === "eXIf") return exifOrientation(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
    if (name === "IDAT") return 1;
  }
  return 1;
}

const nameAt = (bytes: Uint8Array, at: number): string => Buffer.from(bytes.subarray(at, at + 4)).toString("latin1");
