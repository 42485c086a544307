import { createHash } from "node:crypto";
import { type Dirent, existsSync, statSync } from "node:fs";
import { copyFile, cp, link, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Requests under way still run older code, and may yet load a part of it. */
const KEPT_REVISIONS = 5;

/**
 * The read-only parts of execution environments on disk, below one folder. Every part is made once and shared by all
 * environments that need it.
 */
export class CodeDirectories {
  readonly #root: string;
  readonly #revisionsOf = new Map<string, readonly string[]>();
  #revision = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** What a previous run left behind is of no use. */
  async clear(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
    await mkdir(this.#root, { recursive: true });
  }

  /** `Code.ZipFile` of a template: the source of `index.js`. */
  async inline(functionName: string, source: string): Promise<string> {
    const directory = join(this.#root, "inline", functionName);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "index.js"), source);
    return directory;
  }

  /** A copy that does not change when its source does, so that two revisions of a function can run side by side. */
  async copy(functionName: string, source: string): Promise<string> {
    const directory = join(this.#root, "revisions", `${functionName}-${++this.#revision}`);
    await cp(source, directory, { recursive: true, dereference: true });
    const copies = this.#revisionsOf.get(functionName) ?? [];
    this.#revisionsOf.set(functionName, [...copies, directory].slice(-KEPT_REVISIONS));
    for (const old of copies.slice(0, 1 - KEPT_REVISIONS)) await rm(old, { recursive: true, force: true });
    return directory;
  }

  /** The runtime interface client, out of reach of whatever is installed beside it. */
  async runtime(source: string): Promise<string> {
    const directory = join(this.#root, "runtime");
    await cp(source, directory, { recursive: true });
    return directory;
  }

  /** Layers on top of each other, the last one uppermost, as `/opt` has them. Files are linked, not copied. */
  async layers(sources: readonly string[]): Promise<string> {
    const name = createHash("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 16);
    const directory = join(this.#root, "layers", name);
    if (existsSync(directory)) return directory;
    const unfinished = `${directory}.unfinished`;
    await mkdir(unfinished, { recursive: true });
    for (const source of sources) await overlay(source, unfinished);
    await rename(unfinished, directory);
    return directory;
  }
}

/** Throws an Error when an asset is not there or is an archive that nobody unpacked. */
export function requireDirectory(path: string, what: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return path;
  throw new Error(
    `${what}: expected a directory with the unpacked code at ${path}, found ${stats ? "a file" : "nothing"}.`,
  );
}

async function overlay(source: string, target: string): Promise<void> {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) {
      await mkdir(to, { recursive: true });
      await overlay(from, to);
    } else {
      await rm(to, { recursive: true, force: true });
      await place(entry, from, to);
    }
  }
}

async function place(entry: Dirent, from: string, to: string): Promise<void> {
  if (entry.isSymbolicLink()) return symlink(await readlink(from), to);
  try {
    await link(from, to);
  } catch {
    // Another file system, or one without hard links.
    await copyFile(from, to);
  }
}
