/**
 * The body of POST /v1/files: a form with the file, as OpenAI's clients send it; or, for files that are larger than a
 * request may be, JSON that announces one.
 */
import { FarthingError } from "../../../errors.ts";
import { FILE_LIMITS } from "../../../files/file.ts";
import type { FileOrder } from "../../../files/file-desk.ts";
import { isJsonObject, parseJsonObject, refuseCompressedBody } from "../../json/parse-json.ts";
import type { HttpRequest } from "../../spec/http.ts";
import { refuseFieldsBut, wrong } from "../fields.ts";
import { type FormPart, isMultipart, readForm } from "./multipart.ts";

export type FileRequest =
  | { readonly type: "upload"; readonly order: FileOrder; readonly bytes: Uint8Array }
  | { readonly type: "announcement"; readonly order: FileOrder; readonly bytes: number };

const ANNOUNCED = new Set(["filename", "bytes", "purpose", "expires_after"]);

export function readFileRequest(request: HttpRequest): FileRequest {
  refuseCompressedBody(request);
  const contentType = request.headers["content-type"];
  if (contentType !== undefined && isMultipart(contentType)) return readUpload(readForm(request.body, contentType));
  const body = parseJsonObject(request.body);
  refuseFieldsBut(ANNOUNCED, body);
  requirePurpose(body.purpose);
  const { bytes } = body;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 1) {
    throw wrong("bytes", bytes, "the file's size, a whole number from 1 on");
  }
  const keptMillis = readExpiry(body.expires_after, "expires_after");
  return { type: "announcement", order: { name: readName(body.filename), keptMillis }, bytes };
}

/** `{"anchor": "created_at", "seconds": …}` as milliseconds; undefined where it is absent. */
export function readExpiry(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw wrong(field, value, 'an object like {"anchor": "created_at", "seconds": 86400}');
  return readKept(value.anchor, value.seconds, field);
}

function readUpload(parts: readonly FormPart[]): FileRequest {
  const text = (name: string): string | undefined => {
    const part = parts.find((candidate) => candidate.name === name);
    return part && Buffer.from(part.bytes).toString();
  };
  const known = ["file", "purpose", "expires_after[anchor]", "expires_after[seconds]"];
  for (const { name } of parts) {
    if (!known.includes(name)) throw wrong(name.slice(0, 64), "present", `absent; a form has ${known.join(", ")}`);
  }
  const file = parts.find(({ name }) => name === "file");
  if (file === undefined) throw new FarthingError("missing_field", "file is absent.", { field: "file" });
  requirePurpose(text("purpose"));
  const seconds = text("expires_after[seconds]");
  const kept = readKept(
    text("expires_after[anchor]"),
    seconds === undefined ? undefined : Number(seconds),
    "expires_after",
  );
  return { type: "upload", order: { name: readName(file.filename ?? "file"), keptMillis: kept }, bytes: file.bytes };
}

function requirePurpose(purpose: unknown): void {
  if (purpose !== "batch") throw wrong("purpose", purpose, '"batch": files here are the input of batches');
}

function readName(name: unknown): string {
  const fits = typeof name === "string" && name !== "" && name.length <= FILE_LIMITS.longestName && name.isWellFormed();
  if (fits) return name;
  throw wrong("filename", name, `a text of 1 to ${FILE_LIMITS.longestName} characters`);
}

function readKept(anchor: unknown, seconds: unknown, field: string): number | undefined {
  if (anchor === undefined && seconds === undefined) return undefined;
  if (anchor !== "created_at") throw wrong(`${field}.anchor`, anchor, '"created_at"');
  const least = FILE_LIMITS.shortestKeptMillis / 1000;
  const most = FILE_LIMITS.longestKeptMillis / 1000;
  if (typeof seconds === "number" && seconds >= least && seconds <= most) return seconds * 1000;
  throw wrong(`${field}.seconds`, seconds, `a number from ${least} to ${most}`);
}
