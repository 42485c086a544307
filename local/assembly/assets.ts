import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Copies of assets outside the repository, so that no bundle resolves a package or a `package.json` of it. Assets are named
 * by their content: what was copied once is never copied again.
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

  /** Throws an Error when the assembly has no such asset. */
  path(objectKey: string): string {
    const source = this.#sources.get(objectKey);
    if (source === undefined) throw new Error(`the assembly has no asset "${objectKey}"`);
    const copy = join(this.#directory, basename(source));
    if (existsSync(copy)) return copy;
    if (!statSync(source, { throwIfNoEntry: false })) throw new Error(`the asset ${source} is not there`);
    const unfinished = `${copy}.${process.pid}`;
    mkdirSync(this.#directory, { recursive: true });
    rmSync(unfinished, { recursive: true, force: true });
    cpSync(source, unfinished, { recursive: true, dereference: true });
    renameSync(unfinished, copy);
    return copy;
  }
}
