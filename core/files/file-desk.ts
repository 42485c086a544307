/** Where files are taken, shown and deleted: for the API, on behalf of one tenant. */
import { FarthingError, show } from "../errors.ts";
import { newTimedId } from "../jobs/job.ts";
import type { Clock } from "../serving/clock.ts";
import { FILE_LIMITS, isFileId, partName, type StoredFile } from "./file.ts";
import { fileBytes } from "./file-bytes.ts";
import type { FileContents, FileStore, UploadAddress } from "./file-store.ts";

export interface FileOrder {
  readonly name: string;
  /** Undefined: as long as files are kept. */
  readonly keptMillis?: number | undefined;
}

export interface FileDesk {
  store(tenant: string, order: FileOrder, bytes: Uint8Array): Promise<StoredFile>;
  /** For files that are larger than a request may be. */
  announce(
    tenant: string,
    order: FileOrder,
    bytes: number,
  ): Promise<{ readonly file: StoredFile; readonly upload: UploadAddress }>;
  /** Throws `unknown_file`, for those of other tenants too. */
  find(tenant: string, id: string): Promise<StoredFile>;
  /** Newest first. */
  latest(tenant: string, limit: number, before?: string): Promise<readonly StoredFile[]>;
  /** Throws `unknown_file`. */
  content(file: StoredFile): AsyncIterable<Uint8Array>;
  remove(tenant: string, id: string): Promise<void>;
}

export interface FileDeskParts {
  readonly store: FileStore;
  readonly contents: FileContents;
  readonly clock: Clock;
  /** 60 random bits or more, lower-case letters and digits. */
  newToken(): string;
}

const ONLY_PART = "content";

export function createFileDesk({ store, contents, clock, newToken }: FileDeskParts): FileDesk {
  async function newFile(tenant: string, { name, keptMillis }: FileOrder, bytes: number): Promise<StoredFile> {
    const now = clock.epochMillis();
    refuseSize(bytes);
    const others = (await store.latest(tenant, FILE_LIMITS.mostFiles)).filter(isKept);
    const stored = others.reduce((sum, file) => sum + file.bytes, 0);
    if (others.length >= FILE_LIMITS.mostFiles || stored + bytes > FILE_LIMITS.mostTenantBytes) {
      const message = `There are ${others.length} files of ${stored} bytes together; ${FILE_LIMITS.mostFiles} of ${FILE_LIMITS.mostTenantBytes} are allowed. Delete some.`;
      throw new FarthingError("payload_too_large", message, { field: "file" });
    }
    const id = newTimedId("file-", now, newToken());
    return {
      id,
      tenant,
      name,
      purpose: "batch",
      bytes,
      createdAtMillis: now,
      expiresAtMillis: now + Math.min(keptMillis ?? FILE_LIMITS.longestKeptMillis, FILE_LIMITS.longestKeptMillis),
      state: "awaited",
      parts: [{ name: partName(tenant, id, ONLY_PART), bytes }],
    };
  }

  const isKept = ({ expiresAtMillis }: StoredFile): boolean => expiresAtMillis > clock.epochMillis();

  /** An announced file is there as soon as its bytes are, and gone when they have not come in time. */
  async function looked(file: StoredFile): Promise<StoredFile | undefined> {
    if (!isKept(file)) return undefined;
    const [part] = file.parts;
    if (file.state === "stored" || part === undefined) return file;
    if ((await contents.size(part.name)) === part.bytes) {
      const stored: StoredFile = { ...file, state: "stored" };
      await store.put(stored);
      return stored;
    }
    return clock.epochMillis() > file.createdAtMillis + 2 * FILE_LIMITS.uploadMillis ? undefined : file;
  }

  async function find(tenant: string, id: string): Promise<StoredFile> {
    const known = isFileId(id) ? await store.find(tenant, id) : undefined;
    const file = known && (await looked(known));
    if (file !== undefined) return file;
    throw new FarthingError("unknown_file", `There is no file ${show(id)}.`);
  }

  return {
    async store(tenant, order, bytes) {
      const file: StoredFile = { ...(await newFile(tenant, order, bytes.length)), state: "stored" };
      // In this order: bytes without a record go with the bucket's lifecycle, a record without bytes would be a lie.
      for (const { name } of file.parts) await contents.write(name, bytes);
      await store.put(file);
      return file;
    },
    async announce(tenant, order, bytes) {
      const file = await newFile(tenant, order, bytes);
      await store.put(file);
      const name = partName(tenant, file.id, ONLY_PART);
      return { file, upload: contents.uploadAddress(name, bytes, FILE_LIMITS.uploadMillis) };
    },
    find,
    async latest(tenant, limit, before) {
      return (await store.latest(tenant, limit, before)).filter(isKept);
    },
    content(file) {
      if (file.state === "stored") return fileBytes(file, contents);
      throw new FarthingError(
        "unknown_file",
        `The file ${file.id} is announced, and its bytes have not been uploaded yet.`,
      );
    },
    async remove(tenant, id) {
      const file = await find(tenant, id);
      await store.remove(tenant, id);
      for (const { name } of file.parts) await contents.remove(name);
    },
  };
}

function refuseSize(bytes: number): void {
  if (bytes >= 1 && bytes <= FILE_LIMITS.mostBytes) return;
  const message = `The file has ${bytes} bytes; 1 to ${FILE_LIMITS.mostBytes} are allowed.`;
  throw new FarthingError(bytes === 0 ? "invalid_field" : "payload_too_large", message, { field: "file" });
}
