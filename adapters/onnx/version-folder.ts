/** A version's files on disk, for as long as it takes to load them. */
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FarthingError } from "../../core/errors.ts";
import type { ArtifactStore } from "../../core/models/artifact-store.ts";
import type { ManifestFile } from "../../core/models/manifest.ts";
import type { DiskCache } from "../disk-cache/disk-cache.ts";

export interface VersionFolderOptions {
  readonly store: Pick<ArtifactStore, "readBlob">;
  /** Where folders may be made: `/tmp` in a function. */
  readonly temporaryDirectory: string;
  /** Where files stay for the next time. Default: nowhere. */
  readonly cache?: DiskCache;
}

/** Reads all files at once, each verified by its digest; the folder is gone when `work` has ended. */
export async function withVersionFolder<T>(
  files: readonly ManifestFile[],
  { store, temporaryDirectory, cache }: VersionFolderOptions,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const parent = cache === undefined ? temporaryDirectory : await usable(cache.temporaryDirectory, temporaryDirectory);
  const directory = await mkdtemp(join(parent, "farthing-model-"));
  try {
    await Promise.all(
      files.map(async (file) => {
        const target = join(directory, file.path);
        await mkdir(dirname(target), { recursive: true });
        if (cache !== undefined && (await linked(target, file, store, cache))) return;
        await write(target, store.readBlob(file), file.path);
      }),
    );
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
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
    fill: (draft) => writeFile(join(draft, CONTENT), store.readBlob(file)),
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
    await writeFile(target, parts);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new FarthingError("model_not_ready", `The temporary storage of this deployment is too small for ${path}.`, {
      cause: error,
    });
  }
}
