/**
 * JPEG or PNG → pixels, turned upright. Nothing is decoded before the header was held against the limits: a file of a few
 * kilobytes may promise gigabytes.
 */
import { FarthingError } from "../../../core/errors.ts";
import { decodeJpeg } from "./decode-jpeg.ts";
import { decodePng } from "./decode-png.ts";
import type { Picture } from "./picture.ts";
import { type PictureHeader, pictureHeader } from "./picture-header.ts";
import { upright } from "./upright.ts";

export const PICTURE_LIMITS = {
  /** A decoder holds them twice, 4 bytes each: 64 MB beside the model, what a function keeps free for its requests. */
  pixels: 8 * 1024 * 1024,
  /** Progressive JPEGs have about ten; each goes over the whole picture, and a small file has room for thousands. */
  jpegScans: 64,
} as const;

/** `place`: where the file stands in the request. Throws `invalid_field`: no picture, damaged, or too large. */
export async function decodePicture(bytes: Uint8Array, place: string): Promise<Picture> {
  const header = pictureHeader(bytes);
  if (header === undefined) {
    throw invalid(`${place} is no picture: ${bytes.length} bytes that are neither a JPEG nor a PNG file.`, place);
  }
  checkLimits(header, place);
  if (header.format === "jpeg") refuseHalfJpeg(bytes, place);
  return upright(header.format === "jpeg" ? await jpeg(bytes, place) : png(bytes, place), header.orientation);
}

function checkLimits({ format, width, height, bits, components, scans }: PictureHeader, place: string): void {
  const refuse = (why: string) => invalid(`${place} is a ${format.toUpperCase()} file ${why}.`, place);
  const most = PICTURE_LIMITS.pixels / (bits === 16 ? 2 : 1);
  if (width * height > most) {
    throw refuse(
      `of ${width} × ${height} pixels; at most ${most} pixels are taken. Scale it down: the model sees far fewer`,
    );
  }
  if (width === 0 || height === 0) throw refuse(`of ${width} × ${height} pixels, which is none`);
  if (format === "jpeg" && scans > PICTURE_LIMITS.jpegScans) {
    throw refuse(`of ${scans} scans; at most ${PICTURE_LIMITS.jpegScans} are taken`);
  }
  if (format === "jpeg" && components !== 1 && components !== 3) {
    throw refuse(`with ${components} colour components (CMYK); send it in RGB or in grey`);
  }
}

/** The decoder fills up what is missing with grey, and nobody would know. */
function refuseHalfJpeg(bytes: Uint8Array, place: string): void {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(
    "\xff\xd9",
    undefined,
    "latin1",
  );
  if (end < 2) throw damaged("JPEG", "it ends before the picture does", place);
}

async function jpeg(bytes: Uint8Array, place: string): Promise<Picture> {
  const picture = await decodeJpeg(bytes);
  if (picture.type === "damaged") throw damaged("JPEG", "its data is damaged", place);
  return picture;
}

function png(bytes: Uint8Array, place: string): Picture {
  try {
    return decodePng(bytes);
  } catch (error) {
    throw damaged("PNG", error instanceof Error ? error.message : "its data is damaged", place, error);
  }
}

const damaged = (format: string, why: string, place: string, cause?: unknown) =>
  invalid(`${place} is a ${format} file that cannot be decoded: ${why}.`, place, cause);

const invalid = (message: string, field: string, cause?: unknown) =>
  new FarthingError("invalid_field", message, { field, cause });
