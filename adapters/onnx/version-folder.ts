/** A version's files on disk, for as long as it takes to load them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FarthingError } from "../../core/errors.ts";
import type { ArtifactStore } from "../../core/models/artifact-store.ts";
import type { ManifestFile } from "../../core/models/manifest.ts";

export interface VersionFolderOptions {
  readonly store: Pick<ArtifactStore, "readBlob">;
  /** Where folders may be made: `/tmp` in a function. */
  readonly temporaryDirectory: string;
}

/** Reads all files at once, each verified by its digest; the folder is gone when `work` has ended. */
export async function withVersionFolder<T>(
  files: readonly ManifestFile[],
  { store, temporaryDirectory }: VersionFolderOptions,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(temporaryDirectory, "farthing-model-"));
  try {
    await Promise.all(files.map((file) => write(join(directory, file.path), store.readBlob(file), file.path)));
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function write(target: string, parts: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, parts);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new FarthingError("model_not_ready", `The temporary storage of this deployment is too small for ${path}.`, {
      cause: error,
    });
  }
}
