/** How a camera was held. https://www.cipa.jp/std/documents/e/DC-X008-Translation-2019-E.pdf, tag 0x0112 */

/** 1: upright. 2-4: mirrored, upside down, both. 5-8: on its side, mirrored or not. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const TAG = 0x0112;
const SHORT = 3;
const LITTLE_ENDIAN = 0x4949;
const BIG_ENDIAN = 0x4d4d;
const ENTRY_BYTES = 12;

/** `tiff`: EXIF data, which is a TIFF file. Upright when it does not say, or is damaged: many files carry broken EXIF. */
export function exifOrientation(tiff: Uint8Array): Orientation {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  try {
    const order = view.getUint16(0);
    if (order !== LITTLE_ENDIAN && order !== BIG_ENDIAN) return 1;
    const little = order === LITTLE_ENDIAN;
    const directory = view.getUint32(4, little);
    const entries = view.getUint16(directory, little);
    for (let entry = 0; entry < entries; entry++) {
      const at = directory + 2 + entry * ENTRY_BYTES;
      if (view.getUint16(at, little) !== TAG || view.getUint16(at + 2, little) !== SHORT) continue;
      const value = view.getUint16(at + 8, little);
      return value >= 1 && value <= 8 ? (value as Orientation) : 1;
    }
  } catch (error) {
    if ((error as Error).name !== "RangeError") throw error;
  }
  return 1;
}
