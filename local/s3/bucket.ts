import { createHash, randomUUID } from "node:crypto";
import { copyFile, type FileHandle, constants as fsConstants, open, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { DurableFiles } from "./durable-files.ts";
import { KeyLock } from "./key-lock.ts";
import { compareKeys } from "./key-order.ts";
import { MultipartUploads } from "./multipart-uploads.ts";
import type { ObjectRecord } from "./object-record.ts";
import { checkWrite, type WritePrecondition } from "./preconditions.ts";

/** An object about to be visible: everything but where its bytes lie. */
export type NewObject = Omit<ObjectRecord, "dataFile">;

/**
 * One bucket on disk. `objects/` has a JSON record per key, named by the key's SHA-256, so that a key can hold any
 * character and reach no other path; `data/` has the bytes. The rename of the record is the moment an object changes;
 * bytes that no record names are swept when the bucket is opened. The index of records is held in memory.
 */
export class Bucket {
  readonly name: string;
  readonly createdAtMillis: number;
  readonly files: DurableFiles;
  readonly uploads: MultipartUploads;
  readonly #directory: string;
  readonly #records: Map<string, ObjectRecord>;
  readonly #lock = new KeyLock();
  #sortedKeys: readonly string[] | undefined;
  #bytes: number;

  private constructor(
    directory: string,
    facts: { readonly name: string; readonly createdAtMillis: number },
    files: DurableFiles,
    uploads: MultipartUploads,
    records: Map<string, ObjectRecord>,
  ) {
    this.name = facts.name;
    this.createdAtMillis = facts.createdAtMillis;
    this.files = files;
    this.uploads = uploads;
    this.#directory = directory;
    this.#records = records;
    this.#bytes = [...records.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Reads the bucket of an earlier run, or makes it. */
  static async open(directory: string, name: string, nowMillis: number): Promise<Bucket> {
    const files = new DurableFiles(join(directory, "staging"));
    await files.open();
    const factsFile = join(directory, "bucket.json");
    const facts = await readJson<{ name: string; createdAtMillis: number }>(factsFile).catch(async () => {
      const fresh = { name, createdAtMillis: nowMillis };
      await files.writeJson(factsFile, fresh);
      return fresh;
    });
    const records = await readRecords(join(directory, "objects"));
    await sweepData(join(directory, "data"), new Set([...records.values()].map(({ dataFile }) => dataFile)));
    const uploads = new MultipartUploads(join(directory, "uploads"), files);
    await uploads.open(nowMillis);
    return new Bucket(directory, facts, files, uploads, records);
  }

  /** Of all objects. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): ObjectRecord | undefined {
    return this.#records.get(key);
  }

  /** In S3's order. */
  sortedKeys(): readonly string[] {
    this.#sortedKeys ??= [...this.#records.keys()].sort(compareKeys);
    return this.#sortedKeys;
  }

  /** Opens an object's bytes, which stay readable while a writer replaces the object. Undefined: no such object. */
  async openData(key: string): Promise<{ record: ObjectRecord; file: FileHandle } | undefined> {
    for (;;) {
      const record = this.#records.get(key);
      if (record === undefined) return undefined;
      try {
        return { record, file: await open(this.#dataPath(record.dataFile), "r") };
      } catch (error) {
        // A writer replaced the object between the two lines: look again.
        if (this.#records.get(key) === record) throw error;
      }
    }
  }

  /** A private copy of an object's bytes in staging (a reflink where the file system has them). */
  async stageCopy(record: ObjectRecord): Promise<string> {
    const { path } = await this.files.stage(async () => undefined);
    await copyFile(this.#dataPath(record.dataFile), path, fsConstants.COPYFILE_FICLONE);
    const copy = await open(path, "r+");
    await copy.sync().finally(() => copy.close());
    return path;
  }

  /** Makes staged bytes the object of its key, if the precondition holds then. The staged file is gone either way. */
  async put(staged: string, object: NewObject, precondition: WritePrecondition): Promise<ObjectRecord> {
    try {
      return await this.#lock.run(object.key, async () => {
        const current = this.#records.get(object.key);
        checkWrite(object.key, current, precondition);
        const record: ObjectRecord = { ...object, dataFile: randomUUID() };
        await this.files.publish(staged, this.#dataPath(record.dataFile));
        await this.files.writeJson(this.#recordPath(object.key), record);
        this.#records.set(object.key, record);
        this.#bytes += record.bytes - (current?.bytes ?? 0);
        if (current === undefined) this.#sortedKeys = undefined;
        else await rm(this.#dataPath(current.dataFile), { force: true });
        return record;
      });
    } finally {
      await this.files.discard(staged);
    }
  }

  async delete(key: string, precondition: WritePrecondition): Promise<void> {
    await this.#lock.run(key, async () => {
      const current = this.#records.get(key);
      checkWrite(key, current, precondition);
      if (current === undefined) return;
      await rm(this.#recordPath(key), { force: true });
      this.#records.delete(key);
      this.#bytes -= current.bytes;
      this.#sortedKeys = undefined;
      await rm(this.#dataPath(current.dataFile), { force: true });
    });
  }

  #recordPath(key: string): string {
    const name = createHash("sha256").update(key).digest("hex");
    return join(this.#directory, "objects", name.slice(0, 2), `${name}.json`);
  }

  #dataPath(dataFile: string): string {
    return join(this.#directory, "data", dataFile.slice(0, 2), dataFile);
  }
}

async function readRecords(directory: string): Promise<Map<string, ObjectRecord>> {
  const records = new Map<string, ObjectRecord>();
  for (const path of await filesBelow(directory)) {
    const record = await readJson<ObjectRecord>(path);
    records.set(record.key, record);
  }
  return records;
}

async function sweepData(directory: string, named: ReadonlySet<string>): Promise<void> {
  for (const path of await filesBelow(directory)) {
    if (!named.has(basename(path))) await rm(path, { force: true });
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  const folders = await readdir(directory).catch(() => []);
  const files = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(directory, folder))).map((name) => join(directory, folder, name)),
    ),
  );
  return files.flat();
}

const readJson = async <Value>(path: string): Promise<Value> => JSON.parse(await readFile(path, "utf8")) as Value;
