/** A version is loaded while its files arrive: each part of it as soon as the files are whole that it is made of. */
import type { Manifest, ManifestFile } from "../../core/models/manifest.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { Graph } from "./graph.ts";
import { type LoadedModel, type LoadOptions, loadModel } from "./load-model.ts";
import { type LaterPackedGraph, openPackedLater } from "./pack-later.ts";
import type { SessionSettings } from "./session-options.ts";
import { openVersionFolder, type VersionFolderOptions } from "./version-folder.ts";

export interface ArrivingOptions extends VersionFolderOptions {
  readonly settings: SessionSettings;
  readonly clock: Clock;
  readonly load: Pick<LoadOptions, "arrange" | "keyValueMemory">;
  /** Graphs that still have to be packed; absent where they are packed at once. */
  readonly unpacked?: Set<LaterPackedGraph>;
}

/** `files`: those of the manifest that serving needs. None is looked into before its digest was compared. */
export async function loadArriving(
  { card }: Manifest,
  files: readonly ManifestFile[],
  options: ArrivingOptions,
): Promise<LoadedModel> {
  const { settings, clock, load, unpacked } = options;
  const { model, externalData = [] } = card.artifacts;
  const folder = await openVersionFolder(files, options);
  let isKept = false;

  async function openUnpacked(path: string, sessionSettings: SessionSettings): Promise<Graph> {
    const graph: LaterPackedGraph = await openPackedLater(path, sessionSettings, {
      bytes: bytesOf(files, [model, ...externalData]),
      monotonicMillis: () => clock.monotonicMillis(),
      async onDone() {
        unpacked?.delete(graph);
        await folder.remove();
      },
    });
    isKept = true;
    unpacked?.add(graph);
    return graph;
  }

  // Weights that lie in the graph's own file are parsed and copied: a second session of them would take that memory twice. And
  // a text of many runs pays for unpacked weights with each token.
  const isLater = unpacked !== undefined && externalData.length > 0 && card.task !== "text-generation";
  try {
    const loaded = await loadModel(folder.directory, card, settings, clock, {
      ...load,
      arrived: folder.arrived,
      ...(isLater && { open: openUnpacked }),
    });
    await folder.whole;
    return loaded;
  } finally {
    if (!isKept) await folder.remove();
  }
}

const bytesOf = (files: readonly ManifestFile[], paths: readonly string[]): number =>
  files.reduce((sum, { path, bytes }) => sum + (paths.includes(path) ? bytes : 0), 0);
