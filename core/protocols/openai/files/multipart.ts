/** `multipart/form-data` as clients send files: https://www.rfc-editor.org/rfc/rfc7578 */
import { FarthingError } from "../../../errors.ts";
import { received } from "../../json/received.ts";

export interface FormPart {
  readonly name: string;
  /** Absent: a field, no file. */
  readonly filename?: string;
  readonly bytes: Uint8Array;
}

const BOUNDARY = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const MOST_PARTS = 16;
const END_OF_HEADERS = "\r\n\r\n";

export const isMultipart = (contentType: string | undefined): boolean =>
  contentType?.toLowerCase().startsWith("multipart/form-data") === true;

/** Throws `malformed_body`. */
export function readForm(body: Uint8Array, contentType: string): readonly FormPart[] {
  const found = BOUNDARY.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) throw malformed(`its content type is ${received(contentType)}, without a boundary`);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const parts: FormPart[] = [];
  // The first delimiter stands without the line break that belongs to it.
  let at = bytes.indexOf(delimiter.subarray(2));
  if (at < 0) throw malformed("its boundary is not in it");
  at += delimiter.length - 2;
  for (;;) {
    if (bytes.toString("latin1", at, at + 2) === "--") return parts;
    const begin = bytes.indexOf("\r\n", at);
    const next = begin < 0 ? -1 : bytes.indexOf(delimiter, begin);
    if (begin < 0 || next < 0) throw malformed("it ends before its last boundary");
    if (parts.length === MOST_PARTS) throw malformed(`it has more than ${MOST_PARTS} parts`);
    parts.push(partOf(bytes.subarray(begin + 2, next)));
    at = next + delimiter.length;
  }
}

function partOf(bytes: Buffer): FormPart {
  const end = bytes.indexOf(END_OF_HEADERS);
  if (end < 0) throw malformed("a part of it has no end of its headers");
  const disposition = bytes
    .toString("utf8", 0, end)
    .split("\r\n")
    .find((line) => line.toLowerCase().startsWith("content-disposition:"));
  const name = disposition && parameter(disposition, "name");
  if (!disposition || !name) throw malformed("a part of it has no name");
  const filename = parameter(disposition, "filename");
  return { name, ...(filename !== undefined && { filename }), bytes: bytes.subarray(end + END_OF_HEADERS.length) };
}

/** Browsers and fetch write a quote as %22: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function parameter(disposition: string, name: "name" | "filename"): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\s]+))`, "i").exec(disposition);
  return (found?.[1] ?? found?.[2])?.replaceAll("%22", '"');
}

const malformed = (why: string): FarthingError => new FarthingError("malformed_body", `The body is no form: ${why}.`);
