/** A DiskCache in a folder: entries/<name>/ with the files and their seal; work/ for what is being made, claims/ for who makes it. */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { inTurn } from "./claim.ts";
import type { DiskCache, DiskCacheOptions, EntryToMake } from "./disk-cache.ts";
import { isWhole, SEAL, writeSeal } from "./seal.ts";

/** What a process that was killed leaves in work/. */
const ABANDONED_WORK_MILLIS = 60 * 60 * 1_000;

export function createFolderCache({ directory, maxBytes, now, onFailed }: DiskCacheOptions): DiskCache {
  const entries = join(directory, "entries");
  const work = join(directory, "work");
  const claims = join(directory, "claims");
  const folderOf = (name: string): string => join(entries, name);

  async function find(name: string): Promise<string | undefined> {
    const folder = folderOf(name);
    const used = await utimes(join(folder, SEAL), now() / 1_000, now() / 1_000).catch(() => false);
    if (used === false) return undefined;
    if (await isWhole(folder)) return folder;
    await drop(name);
    return undefined;
  }

  /** Aside first, so that nobody finds half of it. */
  async function drop(name: string): Promise<void> {
    const aside = join(work, randomUUID());
    await rename(folderOf(name), aside).catch(() => {});
    await rm(aside, { recursive: true, force: true });
  }

  async function make({ name, bytes, fill }: EntryToMake): Promise<string | undefined> {
    await makeRoom(bytes);
    const draft = join(work, randomUUID());
    try {
      await mkdir(draft);
      await filled(fill(draft));
      const names = await readdir(draft);
      for (const file of names) await flushed(join(draft, file));
      await writeSeal(draft, names);
      // Fails when somebody else was faster: what they made is as good.
      await rename(draft, folderOf(name)).catch(() => {});
      return await find(name);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async function makeRoom(bytes: number): Promise<void> {
    const held = await listed(entries);
    let total = held.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const { name, bytes: freed } of held.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total + bytes <= maxBytes) break;
      await drop(name);
      total -= freed;
    }
    for (const { name, usedAt } of await listed(work)) {
      if (now() - usedAt > ABANDONED_WORK_MILLIS) await rm(join(work, name), { recursive: true, force: true });
    }
  }

  return {
    temporaryDirectory: work,
    find,
    drop,
    async findOrMake(entry) {
      const found = await find(entry.name);
      if (found !== undefined) return found;
      if (entry.bytes > maxBytes) return undefined;
      try {
        for (const folder of [entries, work, claims]) await mkdir(folder, { recursive: true, mode: 0o700 });
        return await inTurn(join(claims, entry.name), now, async () => (await find(entry.name)) ?? (await make(entry)));
      } catch (error) {
        if (error instanceof FillError) throw error.cause;
        onFailed(error);
        return undefined;
      }
    },
  };
}

/** What `fill` threw is the caller's; anything else means that this disk keeps nothing. */
class FillError extends Error {}

async function filled(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (isDiskError(cause)) throw cause;
    throw new FillError("an entry could not be made", { cause });
  }
}

const DISK_ERRORS = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EMFILE", "ENFILE"]);
const isDiskError = (thrown: unknown): boolean => DISK_ERRORS.has((thrown as NodeJS.ErrnoException)?.code ?? "");

interface Listed {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
}

async function listed(parent: string): Promise<Listed[]> {
  const names = await readdir(parent);
  const found = await Promise.all(names.map((name) => look(parent, name).catch(() => undefined)));
  return found.filter((entry) => entry !== undefined);
}

async function look(parent: string, name: string): Promise<Listed> {
  const folder = join(parent, name);
  const files = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  const marker = await stat(join(folder, SEAL)).catch(() => stat(folder));
  return { name, bytes: sizes.reduce((sum, size) => sum + size, 0), usedAt: marker.mtimeMs };
}

/** On the disk before its name is: after a crash there is the whole file or none. */
async function flushed(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
