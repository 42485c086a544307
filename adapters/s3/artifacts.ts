/** Versions' files in a bucket, by digest. What is read is what its name says, or it is not handed out. */
import { FarthingError } from "../../core/errors.ts";
import type { ArtifactStore } from "../../core/models/artifact-store.ts";
import { manifestDigest, sha256Hex } from "../../core/models/digest.ts";
import { blobKey, canonicalJson, type Manifest, manifestKey } from "../../core/models/manifest.ts";
import { dependencyUnavailable } from "../aws/dependency-error.ts";
import type { Bucket, ByteRange, ReadableBucket } from "./bucket.ts";

export type ArtifactReader = Pick<ArtifactStore, "readManifest" | "readBlob">;

/** One connection gives a function 50 to 90 MB/s; several parts at once give more. Smaller files are read in one piece. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;

export function artifactReaderOn(bucket: ReadableBucket): ArtifactReader {
  return {
    async readManifest(model, digest) {
      const key = manifestKey(model, digest);
      const bytes = await answered(bucket.get(key));
      if (bytes === undefined) throw notReady(`its manifest ${key} is absent, or this deployment may not read it`);
      const manifest = parsedManifest(bytes, key);
      const received = manifestDigest(manifest);
      if (received !== digest) throw notReady(`its manifest ${key} has the digest ${received}`);
      return manifest;
    },
    async readBlob(file) {
      const bytes = await answered(readParts(bucket, blobKey(file.sha256), file.bytes));
      if (bytes === undefined) throw notReady(`its file ${file.path} is absent, or this deployment may not read it`);
      if (bytes.length !== file.bytes) {
        throw notReady(`its file ${file.path} should have ${file.bytes} bytes and has ${bytes.length}`);
      }
      const received = sha256Hex(bytes);
      if (received !== file.sha256) {
        throw notReady(`its file ${file.path} should have the SHA-256 ${file.sha256} and has ${received}`);
      }
      return bytes;
    },
  };
}

export function artifactStoreOn(bucket: Bucket): ArtifactStore {
  return {
    ...artifactReaderOn(bucket),
    hasBlob: (sha256) => answered(bucket.has(blobKey(sha256))),
    writeBlob: (sha256, bytes) => answered(bucket.putOnce(blobKey(sha256), bytes, "application/octet-stream", sha256)),
    async writeManifest(model, manifest) {
      const bytes = Buffer.from(canonicalJson(manifest));
      const digest = sha256Hex(bytes);
      await answered(bucket.putOnce(manifestKey(model, digest), bytes, "application/json", digest));
      return digest;
    },
  };
}

async function readParts(bucket: ReadableBucket, key: string, bytes: number): Promise<Uint8Array | undefined> {
  if (bytes <= PART_BYTES) return bucket.get(key);
  const whole = new Uint8Array(bytes);
  const ranges: ByteRange[] = [];
  for (let first = 0; first < bytes; first += PART_BYTES) {
    ranges.push({ first, last: Math.min(first + PART_BYTES, bytes) - 1 });
  }
  let received = 0;
  let absent = false;
  const remaining = ranges.values();
  const reader = async () => {
    for (const range of remaining) {
      const part = absent ? undefined : await bucket.get(key, range);
      if (part === undefined) {
        absent = true;
        return;
      }
      // A part that came short leaves a gap: the length, then the digest tells.
      whole.set(part, range.first);
      received += part.length;
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, reader));
  return absent ? undefined : whole.subarray(0, received);
}

function parsedManifest(bytes: Uint8Array, key: string): Manifest {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()) as Manifest;
  } catch {
    throw notReady(`its manifest ${key} is not JSON`);
  }
}

const notReady = (reason: string): FarthingError =>
  new FarthingError("model_not_ready", `The version cannot be loaded: ${reason}.`);

async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw dependencyUnavailable("the model store", error);
  }
}
