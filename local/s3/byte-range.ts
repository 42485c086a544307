import { s3Error } from "./errors.ts";

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The one range of a Range header. Undefined means the whole object: no header, one that is not understood, or several
 * ranges, which S3 does not serve. Throws InvalidRange when the object is too short.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
 */
export function readByteRange(text: string | undefined, objectBytes: number): ByteRange | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  const suffix = from === "";
  const first = suffix ? Math.max(0, objectBytes - Number(to)) : Number(from);
  const last = suffix || to === "" ? objectBytes - 1 : Math.min(Number(to), objectBytes - 1);
  if (!suffix && to !== "" && Number(to) < first) return undefined;
  if (first >= objectBytes || (suffix && Number(to) === 0)) {
    throw s3Error("InvalidRange", "The requested range is not satisfiable", {
      details: { RangeRequested: text ?? "", ActualObjectSize: String(objectBytes) },
      headers: { "content-range": `bytes */${objectBytes}` },
    });
  }
  return { first, last };
}
