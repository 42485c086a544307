import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checksum, ChecksumAlgorithm } from "./checksums.ts";
import type { DurableFiles } from "./durable-files.ts";
import { s3Error } from "./errors.ts";
import type { ObjectAttributes } from "./object-record.ts";

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly startedAtMillis: number;
  readonly attributes: ObjectAttributes;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: Checksum["type"] };
  readonly parts: ReadonlyMap<number, UploadPart>;
}

export interface UploadPart {
  readonly number: number;
  readonly bytes: number;
  /** MD5 in hex. */
  readonly etag: string;
  readonly lastModifiedMillis: number;
  readonly dataFile: string;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_PART_NUMBER = 10_000;
export const MIN_PART_BYTES = 5 * 1024 ** 2;
/** Forgotten uploads go when the bucket is opened; S3 keeps them until a lifecycle rule or their owner ends them. */
const MAX_UPLOAD_AGE_MILLIS = 7 * 24 * 3600 * 1000;

interface MutableUpload extends Upload {
  readonly parts: Map<number, UploadPart>;
}

/** Uploads in progress: a folder each, with one record and data file per part, so that they survive a restart. */
export class MultipartUploads {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #uploads = new Map<string, MutableUpload>();

  constructor(directory: string, files: DurableFiles) {
    this.#directory = directory;
    this.#files = files;
  }

  async open(nowMillis: number): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    for (const id of await readdir(this.#directory)) {
      const folder = join(this.#directory, id);
      const upload = await readUpload(folder);
      if (upload === undefined || nowMillis - upload.startedAtMillis > MAX_UPLOAD_AGE_MILLIS) {
        await this.#files.discard(folder);
      } else {
        this.#uploads.set(id, upload);
      }
    }
  }

  async start(facts: Omit<Upload, "id" | "parts">): Promise<Upload> {
    const upload: MutableUpload = { ...facts, id: randomBytes(32).toString("hex"), parts: new Map() };
    const { parts: _, ...stored } = upload;
    await this.#files.writeJson(join(this.#directory, upload.id, "upload.json"), stored);
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  /** Throws NoSuchUpload when it is unknown, ended, or another key's. */
  get(id: string, key: string): Upload {
    return this.#get(id, key);
  }

  async putPart(id: string, key: string, staged: string, part: Omit<UploadPart, "dataFile">): Promise<void> {
    try {
      const upload = this.#get(id, key);
      const folder = join(this.#directory, id);
      const dataFile = `part-${part.number}-${randomBytes(8).toString("hex")}`;
      const stored: UploadPart = { ...part, dataFile };
      await this.#files.publish(staged, join(folder, dataFile));
      await this.#files.writeJson(join(folder, `part-${part.number}.json`), stored);
      const replaced = upload.parts.get(part.number);
      upload.parts.set(part.number, stored);
      if (replaced !== undefined) await this.#files.discard(join(folder, replaced.dataFile));
    } finally {
      await this.#files.discard(staged);
    }
  }

  partPath(upload: Upload, part: UploadPart): string {
    return join(this.#directory, upload.id, part.dataFile);
  }

  async end(id: string, key: string): Promise<void> {
    this.#get(id, key);
    this.#uploads.delete(id);
    await this.#files.discard(join(this.#directory, id));
  }

  #get(id: string, key: string): MutableUpload {
    const upload = this.#uploads.get(id);
    if (upload !== undefined && upload.key === key) return upload;
    throw s3Error(
      "NoSuchUpload",
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
      { details: { UploadId: id } },
    );
  }
}

/** `md5(md5 of each part)-<number of parts>`: not the MD5 of the object. */
export function multipartEtag(parts: readonly UploadPart[]): string {
  const hash = createHash("md5");
  for (const part of parts) hash.update(Buffer.from(part.etag, "hex"));
  return `${hash.digest("hex")}-${parts.length}`;
}

/** Undefined when the process ended before the folder had its record. */
async function readUpload(folder: string): Promise<MutableUpload | undefined> {
  const names = await readdir(folder);
  if (!names.includes("upload.json")) return undefined;
  const read = async <Value>(name: string) => JSON.parse(await readFile(join(folder, name), "utf8")) as Value;
  const stored = await read<Omit<Upload, "parts">>("upload.json");
  const parts = await Promise.all(
    names.filter((name) => /^part-\d+\.json$/.test(name)).map((name) => read<UploadPart>(name)),
  );
  return { ...stored, parts: new Map(parts.map((part) => [part.number, part])) };
}
