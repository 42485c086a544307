import { childText, type XmlNode } from "../endpoint/xml-reader.ts";
import { CHECKSUM_ALGORITHMS, type Checksum, checksumElement, checksumHeader, startChecksum } from "./checksums.ts";
import { s3Error } from "./errors.ts";
import { MAX_PART_NUMBER, MIN_PART_BYTES, type Upload, type UploadPart } from "./multipart-uploads.ts";
import { header, type S3Request } from "./request.ts";

/** A part as the caller names it when completing an upload. */
export interface NamedPart {
  readonly number: number;
  readonly etag: string;
  /** The caller's checksum of it, if any. */
  readonly checksum: string | undefined;
}

export function readPartList(root: XmlNode): NamedPart[] {
  const parts = root.children
    .filter(({ name }) => name === "Part")
    .map((node) => ({
      number: Number(childText(node, "PartNumber")),
      etag: (childText(node, "ETag") ?? "").replace(/^"|"$/g, ""),
      checksum: CHECKSUM_ALGORITHMS.map((algorithm) => childText(node, checksumElement(algorithm))).find(Boolean),
    }));
  if (root.name !== "CompleteMultipartUpload" || parts.length === 0 || parts.length > MAX_PART_NUMBER) {
    throw s3Error(
      "MalformedXML",
      `A CompleteMultipartUpload with 1 to ${MAX_PART_NUMBER} parts was expected, received <${root.name}> with ${parts.length}.`,
    );
  }
  return parts;
}

/** The uploaded parts that the caller names, if every rule for them holds. */
export function requireParts(upload: Upload, named: readonly NamedPart[]): UploadPart[] {
  named.forEach(({ number }, index) => {
    if (index > 0 && number <= (named[index - 1] as NamedPart).number) {
      throw s3Error(
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
      );
    }
  });
  return named.map(({ number, etag, checksum }, index) => {
    const part = upload.parts.get(number);
    if (part === undefined || part.etag !== etag || (checksum !== undefined && checksum !== part.checksum?.value)) {
      throw s3Error(
        "InvalidPart",
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { details: { PartNumber: String(number), UploadId: upload.id } },
      );
    }
    if (index < named.length - 1 && part.bytes < MIN_PART_BYTES) {
      throw s3Error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
        details: {
          PartNumber: String(number),
          ProposedSize: String(part.bytes),
          MinSizeAllowed: String(MIN_PART_BYTES),
        },
      });
    }
    return part;
  });
}

export interface JoinedChecksum {
  update(bytes: Buffer): void;
  /** Throws BadDigest when the caller's own checksum of the object differs. */
  finish(request: S3Request): Checksum;
}

/** The object's checksum: of all bytes, or of the parts' checksums (when every part has one). */
export function joinChecksum(upload: Upload, parts: readonly UploadPart[]): JoinedChecksum | undefined {
  if (upload.checksum === undefined) return undefined;
  const { algorithm, type } = upload.checksum;
  const running = startChecksum(algorithm);
  if (type === "COMPOSITE") {
    for (const { checksum } of parts) {
      if (checksum?.algorithm !== algorithm) {
        throw s3Error(
          "InvalidRequest",
          `The upload was created with ${algorithm} checksums, and a part was uploaded without.`,
        );
      }
      running.update(Buffer.from(checksum.value, "base64"));
    }
  }
  return {
    update: (bytes) => {
      if (type === "FULL_OBJECT") running.update(bytes);
    },
    finish: (request) => {
      const digest = running.digest().toString("base64");
      const value = type === "COMPOSITE" ? `${digest}-${parts.length}` : digest;
      const claimed = header(request, checksumHeader(algorithm));
      if (claimed !== undefined && claimed !== value) {
        throw s3Error("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
      }
      return { algorithm, type, value };
    },
  };
}
