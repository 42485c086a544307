import { createHash } from "node:crypto";
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumAlgorithm,
  checksumHeader,
  startChecksum,
} from "./checksums.ts";
import { decodeChunkedBody } from "./chunked-body.ts";
import { s3Error } from "./errors.ts";
import { header, type S3Request } from "./request.ts";

/** One upload's limit. https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;

/** What was learnt of a body while it was written. */
export interface ReceivedPayload {
  readonly bytes: number;
  readonly md5: Buffer;
  /** The checksum that the caller sent, verified, or asked for. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

/**
 * Hands the body's bytes to `write`, one chunk after the other, and verifies everything that the caller said about them:
 * length, Content-MD5, x-amz-content-sha256, and an x-amz-checksum-* in a header or behind the body. Throws before the
 * object can become visible.
 */
export async function receivePayload(
  request: S3Request,
  write: (chunk: Buffer) => Promise<void>,
): Promise<ReceivedPayload> {
  const claims = readClaims(request);
  const trailers = new Map<string, string>();
  const md5 = createHash("md5");
  const sha256 = claims.sha256 === undefined ? undefined : createHash("sha256");
  const running = claims.algorithm === undefined ? undefined : startChecksum(claims.algorithm);
  const source: AsyncIterable<Buffer> = request.message;
  let bytes = 0;
  for await (const chunk of claims.chunked ? decodeChunkedBody(source, trailers) : source) {
    bytes += chunk.length;
    if (bytes > claims.length) throw incomplete(claims.length, bytes);
    md5.update(chunk);
    sha256?.update(chunk);
    running?.update(chunk);
    await write(chunk);
  }

  if (bytes !== claims.length) throw incomplete(claims.length, bytes);
  const md5Digest = md5.digest();
  if (claims.md5 !== undefined && claims.md5 !== md5Digest.toString("base64")) {
    throw s3Error("BadDigest", "The Content-MD5 you specified did not match what we received.");
  }
  if (sha256 !== undefined && sha256.digest("hex") !== claims.sha256) {
    throw s3Error(
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  if (claims.algorithm === undefined || running === undefined) return { bytes, md5: md5Digest };
  const value = running.digest().toString("base64");
  const name = checksumHeader(claims.algorithm);
  const expected = claims.trailer === undefined ? claims.checksum : trailers.get(claims.trailer);
  if (claims.trailer !== undefined && expected === undefined) {
    throw s3Error("MalformedTrailerError", `The trailer ${claims.trailer} was announced and did not come.`);
  }
  if (expected !== undefined && expected !== value) {
    throw s3Error(
      "BadDigest",
      `The ${claims.algorithm} you specified in ${name} did not match the calculated checksum.`,
    );
  }
  return { bytes, md5: md5Digest, checksum: { algorithm: claims.algorithm, value } };
}

interface Claims {
  readonly chunked: boolean;
  readonly length: number;
  readonly md5: string | undefined;
  readonly sha256: string | undefined;
  readonly algorithm: ChecksumAlgorithm | undefined;
  readonly checksum: string | undefined;
  /** Name of the trailer that carries the checksum. */
  readonly trailer: string | undefined;
}

function readClaims(request: S3Request): Claims {
  const sha256 = header(request, "x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
  const encoding = header(request, "content-encoding") ?? "";
  const chunked = sha256.startsWith("STREAMING-") || encoding.split(",").some((name) => name.trim() === "aws-chunked");
  const md5 = header(request, "content-md5");
  if (md5 !== undefined && Buffer.from(md5, "base64").length !== 16) {
    throw s3Error("InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  return {
    chunked,
    length: readLength(request, chunked),
    md5,
    sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    ...readChecksum(request),
  };
}

function readLength(request: S3Request, chunked: boolean): number {
  const text = header(request, chunked ? "x-amz-decoded-content-length" : "content-length");
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw s3Error("MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  const length = Number(text);
  if (length > MAX_UPLOAD_BYTES) {
    throw s3Error(
      "EntityTooLarge",
      `Your proposed upload of ${length} bytes exceeds the maximum of ${MAX_UPLOAD_BYTES}.`,
    );
  }
  return length;
}

function readChecksum(request: S3Request): Pick<Claims, "algorithm" | "checksum" | "trailer"> {
  const sent = CHECKSUM_ALGORITHMS.filter((algorithm) => header(request, checksumHeader(algorithm)) !== undefined);
  const [algorithm, second] = sent;
  if (second !== undefined) throw s3Error("InvalidRequest", "Expecting a single x-amz-checksum- header.");
  if (algorithm !== undefined) {
    return { algorithm, checksum: header(request, checksumHeader(algorithm)), trailer: undefined };
  }
  const trailer = header(request, "x-amz-trailer")?.trim().toLowerCase();
  if (trailer !== undefined) {
    const named = CHECKSUM_ALGORITHMS.find((candidate) => checksumHeader(candidate) === trailer);
    if (named === undefined) {
      throw s3Error("InvalidRequest", `The value specified in the x-amz-trailer header is not supported: ${trailer}`);
    }
    return { algorithm: named, checksum: undefined, trailer };
  }
  const asked = checksumAlgorithm(header(request, "x-amz-sdk-checksum-algorithm"));
  return { algorithm: asked, checksum: undefined, trailer: undefined };
}

const incomplete = (wanted: number, received: number) =>
  s3Error(
    "IncompleteBody",
    `You did not provide the number of bytes specified: ${wanted} expected, ${received} received.`,
  );
