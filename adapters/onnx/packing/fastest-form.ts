/** A version's files where they load fastest: from the disk when they lie there, its graph packed for this processor. */

import { rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest, ManifestFile } from "../../../core/models/manifest.ts";
import type { DiskCache } from "../../disk-cache/disk-cache.ts";
import type { SessionSettings } from "../session-options.ts";
import { type VersionFolderOptions, withVersionFolder } from "../version-folder.ts";
import { packApart } from "./pack-apart.ts";
import { REFUSED, SAMPLE } from "./packed-files.ts";
import { graphFiles, packedName } from "./packed-name.ts";
import { placePacked } from "./place-packed.ts";

export interface FastestFormOptions extends VersionFolderOptions {
  readonly cache: DiskCache;
}

/** Below this the plain form loads as fast. */
const SMALLEST_BYTES = 1024 * 1024;
/**
 * Weights are kept once as they are and once packed; some kernels take them in both. Packed over plain: 0.9 to 2, and 2.4 for a
 * language model whose embeddings are also its last product's weights (SmolLM2).
 */
const MOST_GROWTH = 2.5;

/** `files`: those of the manifest that serving needs. `work` loads the model, with the settings that the form asks for. */
export async function withFastestForm<T>(
  { card }: Manifest,
  files: readonly ManifestFile[],
  options: FastestFormOptions,
  work: (directory: string, settings: Pick<SessionSettings, "packing">) => Promise<T>,
): Promise<T> {
  const { cache } = options;
  const graph = new Set(graphFiles(card.artifacts));
  const graphBytes = files.reduce((sum, { path, bytes }) => sum + (graph.has(path) ? bytes : 0), 0);
  const plain = (directory: string) => work(directory, {});
  if (graphBytes < SMALLEST_BYTES) return withVersionFolder(files, options, plain);

  const name = await packedName(card, files);
  const fromPacked = async (packed: string, directory: string): Promise<T> => {
    await placePacked(packed, directory, card);
    const sample = join(packed, SAMPLE);
    return work(directory, { packing: { type: "packed", ...((await isThere(sample)) && { sample }) } });
  };
  const packed = await cache.find(name);
  if (packed !== undefined && !(await isRefused(packed))) {
    const others = files.filter(({ path }) => !graph.has(path));
    try {
      return await withVersionFolder(others, options, (directory) => fromPacked(packed, directory));
    } catch {
      // Whatever it is, the published form is the one that counts.
      await cache.drop(name);
    }
  }
  return withVersionFolder(files, options, async (directory) => {
    const made = await cache.findOrMake({
      name,
      bytes: Math.ceil(graphBytes * MOST_GROWTH),
      fill: (folder) => packApart({ directory, card }, folder, cache.temporaryDirectory),
    });
    if (made === undefined || (await isRefused(made))) return plain(directory);
    const aside = (path: string): string => join(directory, `${path}.published`);
    for (const path of graph) await rename(join(directory, path), aside(path));
    try {
      return await fromPacked(made, directory);
    } catch {
      await cache.drop(name);
      for (const path of graph) await rename(aside(path), join(directory, path));
      return plain(directory);
    }
  });
}

const isRefused = (packed: string): Promise<boolean> => isThere(join(packed, REFUSED));

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
