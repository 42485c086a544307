import type { Checksum } from "./checksums.ts";

/** What is kept of an object beside its bytes: one JSON file, replaced as a whole. */
export interface ObjectRecord {
  readonly key: string;
  readonly bytes: number;
  /** MD5 in hex, or `<hex>-<parts>` for multipart uploads; without quotes. */
  readonly etag: string;
  /** Milliseconds since the epoch, in whole seconds: HTTP dates carry no more. */
  readonly lastModifiedMillis: number;
  /** Name of the file with the bytes. */
  readonly dataFile: string;
  readonly attributes: ObjectAttributes;
  readonly checksum?: Checksum;
}

/** What a writer says about an object, given back to its readers. */
export interface ObjectAttributes {
  /** HTTP headers: content-type and its kind. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata, without the `x-amz-meta-` prefix. */
  readonly metadata: Readonly<Record<string, string>>;
}

export const quoted = (etag: string): string => `"${etag}"`;
