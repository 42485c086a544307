/**
 * Proof that an entry's files are whole. Their digests are taken when they are made, and compared after each start of the
 * machine: a disk may rot, and a crash may leave a file half written. In between, a file whose size, time and inode are what
 * they were is taken for what it was: hashing takes twice as long as loading a model.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** In each entry's folder. Its own time of change is when the entry was used last. */
export const SEAL = "seal.json";

interface Seal {
  /** The start of the machine in which `files` were last compared. */
  readonly boot: string;
  readonly files: Readonly<Record<string, SealedFile>>;
}

interface SealedFile {
  readonly sha256: string;
  /** Size, time of change and inode. */
  readonly stamp: string;
}

export async function writeSeal(folder: string, names: readonly string[]): Promise<void> {
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return [name, { sha256: await digestOf(path), stamp: await stampOf(path) }] as const;
    }),
  );
  await replaceSeal(folder, { boot: await currentBoot(), files: Object.fromEntries(files) });
}

/** Whether the folder holds what was sealed; a read error is a no. */
export async function isWhole(folder: string): Promise<boolean> {
  try {
    const seal = JSON.parse(await readFile(join(folder, SEAL), "utf8")) as Seal;
    const boot = await currentBoot();
    const unchanged = boot !== UNKNOWN_BOOT && boot === seal.boot && (await haveStamps(folder, seal));
    if (unchanged) return true;
    for (const [name, { sha256 }] of Object.entries(seal.files)) {
      if ((await digestOf(join(folder, name))) !== sha256) return false;
    }
    await writeSeal(folder, Object.keys(seal.files));
    return true;
  } catch {
    return false;
  }
}

async function haveStamps(folder: string, { files }: Seal): Promise<boolean> {
  const entries = Object.entries(files);
  const stamps = await Promise.all(entries.map(([name]) => stampOf(join(folder, name))));
  return entries.every(([, { stamp }], index) => stamp === stamps[index]);
}

async function stampOf(path: string): Promise<string> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true });
  return `${size} ${mtimeNs} ${ino}`;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const READ_BYTES = 1024 * 1024;

/** Whole or not at all: others may be reading it. */
async function replaceSeal(folder: string, seal: Seal): Promise<void> {
  const draft = join(folder, `${SEAL}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  await writeFile(draft, JSON.stringify(seal), { flush: true });
  await rename(draft, join(folder, SEAL));
}

const UNKNOWN_BOOT = "unknown";

/** Linux gives each start of the machine a name (random(4)); elsewhere every start of a process is one. */
async function currentBoot(): Promise<string> {
  try {
    return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  } catch {
    return UNKNOWN_BOOT;
  }
}
