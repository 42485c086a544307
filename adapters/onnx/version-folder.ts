/** A version's files on disk, for as long as they are needed. */
import { link, mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FarthingError } from "../../core/errors.ts";
import type { ArtifactStore } from "../../core/models/artifact-store.ts";
import type { ManifestFile } from "../../core/models/manifest.ts";
import type { DiskCache } from "../disk-cache/disk-cache.ts";
import { writePieces } from "./write-pieces.ts";

export interface VersionFolderOptions {
  readonly store: Pick<ArtifactStore, "readBlob">;
  /** Where folders may be made: `/tmp` in a function. */
  readonly temporaryDirectory: string;
  /** Where files stay for the next time. Default: nowhere. */
  readonly cache?: DiskCache;
}

export interface VersionFolder {
  readonly directory: string;
  /** Resolves when the file lies there whole, its digest compared. Rejects with what kept it from that. */
  arrived(path: string): Promise<void>;
  /** When all files have arrived. */
  readonly whole: Promise<unknown>;
  remove(): Promise<void>;
}

/** Begins to read all files at once. Whoever asks for it removes it, also when a file does not arrive. */
export async function openVersionFolder(
  files: readonly ManifestFile[],
  { store, temporaryDirectory, cache }: VersionFolderOptions,
): Promise<VersionFolder> {
  const parent = cache === undefined ? temporaryDirectory : await usable(cache.temporaryDirectory, temporaryDirectory);
  const directory = await mkdtemp(join(parent, "farthing-model-"));
  const arrivals = new Map(files.map((file) => [file.path, arrival(file)]));

  async function arrival(file: ManifestFile): Promise<void> {
    const target = join(directory, file.path);
    await mkdir(dirname(target), { recursive: true });
    if (cache !== undefined && (await linked(target, file, store, cache))) return;
    await write(target, store.readBlob(file), file.path);
  }

  const whole = Promise.all(arrivals.values());
  // Whoever waits for one file only learns of the others when the folder is whole.
  whole.catch(() => {});
  return {
    directory,
    whole,
    async arrived(path) {
      await arrivals.get(path);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The folder with all files; it is gone when `work` has ended. */
export async function withVersionFolder<T>(
  files: readonly ManifestFile[],
  options: VersionFolderOptions,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const folder = await openVersionFolder(files, options);
  try {
    await folder.whole;
    return await work(folder.directory);
  } finally {
    await folder.remove();
  }
}

const CONTENT = "content";

/** False: the file is not to be had from the cache. */
async function linked(
  target: string,
  file: ManifestFile,
  store: VersionFolderOptions["store"],
  cache: DiskCache,
): Promise<boolean> {
  const folder = await cache.findOrMake({
    name: `blob-${file.sha256}`,
    bytes: file.bytes,
    fill: (draft) => writePieces(join(draft, CONTENT), store.readBlob(file)),
  });
  if (folder === undefined) return false;
  return link(join(folder, CONTENT), target).then(
    () => true,
    () => false,
  );
}

/** Links need the cache's own disk; one that cannot be written to keeps nothing anyway. */
async function usable(preferred: string, otherwise: string): Promise<string> {
  return mkdir(preferred, { recursive: true, mode: 0o700 }).then(
    () => preferred,
    () => otherwise,
  );
}

async function write(target: string, parts: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  try {
    await writePieces(target, parts);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new FarthingError("model_not_ready", `The temporary storage of this deployment is too small for ${path}.`, {
      cause: error,
    });
  }
}
