/** Versions' files in a bucket, by digest. What is read is what its name says, or it is not handed out. */
import { createHash } from "node:crypto";
import { FarthingError } from "../../core/errors.ts";
import type { ArtifactStore } from "../../core/models/artifact-store.ts";
import { manifestDigest, sha256Hex } from "../../core/models/digest.ts";
import { blobKey, canonicalJson, type Manifest, manifestKey } from "../../core/models/manifest.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import { type Absence, type Bucket, isAbsence, type Pieces, type ReadableBucket } from "./bucket.ts";

const answered = answeredBy("the model store");

export type ArtifactReader = Pick<ArtifactStore, "readManifest" | "readBlob">;

/** One connection gives a function 50 to 90 MB/s; several parts at once give more. Smaller files are read in one piece. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;
/** Under way, or here and waiting for one before them: a slow connection does not make the others idle at once. */
const PARTS_AHEAD = 6;

export function artifactReaderOn(bucket: ReadableBucket): ArtifactReader {
  return {
    async readManifest(model, digest) {
      const key = manifestKey(model, digest);
      const answer = await answered(bucket.get(key));
      if (isAbsence(answer)) {
        throw notReady(`its manifest ${key} is absent, or this deployment may not read it`, answer.cause);
      }
      const manifest = parsedManifest(answer, key);
      const received = manifestDigest(manifest);
      if (received !== digest) throw notReady(`its manifest ${key} has the digest ${received}`);
      return manifest;
    },
    async *readBlob(file) {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const part of partsInOrder(bucket, blobKey(file.sha256), file.bytes)) {
        if (isAbsence(part)) {
          throw notReady(`its file ${file.path} is absent, or this deployment may not read it`, part.cause);
        }
        // Hashed while later parts are under way: the digest costs no time of its own.
        for (const piece of part) {
          hash.update(piece);
          bytes += piece.length;
        }
        yield* part;
      }
      if (bytes !== file.bytes) {
        throw notReady(`its file ${file.path} should have ${file.bytes} bytes and has ${bytes}`);
      }
      const received = hash.digest("hex");
      if (received !== file.sha256) {
        throw notReady(`its file ${file.path} should have the SHA-256 ${file.sha256} and has ${received}`);
      }
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

/** Several ranges under way at once, handed out in order; no more of the object in memory than PARTS_AHEAD. */
async function* partsInOrder(
  bucket: ReadableBucket,
  key: string,
  bytes: number,
): AsyncGenerator<Pieces | Absence, void, undefined> {
  if (bytes <= PART_BYTES) {
    yield answered(bucket.get(key));
    return;
  }
  const ahead: Promise<Pieces | Absence>[] = [];
  let underWay = 0;
  let first = 0;
  const ask = () => {
    while (underWay < PARTS_AT_ONCE && ahead.length < PARTS_AHEAD && first < bytes) {
      const part = answered(bucket.get(key, { first, last: Math.min(first + PART_BYTES, bytes) - 1 }));
      underWay++;
      const next = () => {
        underWay--;
        ask();
      };
      // Whoever stops at an earlier part never looks at this one.
      part.then(next, next);
      ahead.push(part);
      first += PART_BYTES;
    }
  };
  try {
    ask();
    for (let part = ahead[0]; part !== undefined; part = ahead[0]) {
      const received = await part;
      ahead.shift();
      ask();
      yield received;
    }
  } finally {
    first = bytes;
  }
}

function parsedManifest(pieces: Pieces, key: string): Manifest {
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) as Manifest;
  } catch {
    throw notReady(`its manifest ${key} is not JSON`);
  }
}

const notReady = (reason: string, cause?: unknown): FarthingError =>
  new FarthingError("model_not_ready", `The version cannot be loaded: ${reason}.`, { cause });
