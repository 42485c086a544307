import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Copies of assets outside the repository, so that no bundle resolves a package or a `package.json` of it. Assets are named
 * by their content: what was copied once is never copied again, unless files of the copy are gone (it lies where the
 * system may clean up).
 */
export class AssetCopies {
  readonly #directory: string;
  #sources: ReadonlyMap<string, string>;

  constructor(directory: string, sources: ReadonlyMap<string, string>) {
    this.#directory = directory;
    this.#sources = sources;
  }

  /** A newer assembly's assets; copies of the older one stay, for what still runs from them. */
  renew(sources: ReadonlyMap<string, string>): void {
    this.#sources = sources;
  }

  /** Copies that this assembly does not need: only while nothing runs from them. */
  removeOthers(): void {
    if (!statSync(this.#directory, { throwIfNoEntry: false })) return;
    const needed = new Set([...this.#sources.values()].map((source) => basename(source)));
    for (const name of readdirSync(this.#directory)) {
      if (!needed.has(name)) rmSync(join(this.#directory, name), { recursive: true, force: true });
    }
  }

  /** Throws an Error when the assembly has no such asset, or when it is not where the assembly says. */
  path(objectKey: string): string {
    const source = this.#sources.get(objectKey);
    if (source === undefined) throw new Error(`the assembly has no asset "${objectKey}"`);
    const files = listing(source);
    if (files === undefined) throw new Error(`the asset ${source} is not there`);
    const copy = join(this.#directory, basename(source));
    if (listing(copy) === files) return copy;
    const unfinished = `${copy}.${process.pid}`;
    mkdirSync(this.#directory, { recursive: true });
    rmSync(unfinished, { recursive: true, force: true });
    cpSync(source, unfinished, { recursive: true, dereference: true });
    rmSync(copy, { recursive: true, force: true });
    renameSync(unfinished, copy);
    return copy;
  }
}

/** Paths and sizes of all files below a path, or the size of the one file that it names; undefined when there is nothing. */
function listing(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) return `${stats.size}`;
  const names = (readdirSync(path, { recursive: true }) as string[]).sort();
  return names.map((name) => [name, sizeOf(join(path, name))].join(" ")).join("\n");
}

function sizeOf(path: string): number | string {
  const stats = statSync(path);
  return stats.isDirectory() ? "/" : stats.size;
}
