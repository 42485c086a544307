/** A model of the Hub → a folder on disk, with the files that are needed and no others. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type ChosenFiles, chooseFiles } from "./choose-files.ts";
import { downloadFile } from "./download-file.ts";
import type { Hub } from "./hub.ts";
import type { HubModel } from "./hub-model.ts";
import { type HubFile, type HubSnapshot, readSnapshot } from "./hub-snapshot.ts";

export interface FetchOptions {
  /** What is under way lies here between attempts: a folder per commit. */
  readonly folder: string;
  /** Path of the ONNX file in the model; default: the usual one. */
  readonly graph?: string;
}

export interface FetchedModel {
  readonly folder: string;
  readonly commit: string;
  readonly files: ChosenFiles;
}

const PARALLEL_FILES = 4;

/** Throws an Error in words; what has arrived stays, and the next attempt goes on from there. */
export async function fetchModel(model: HubModel, options: FetchOptions, hub: Hub): Promise<FetchedModel> {
  const snapshot = await readSnapshot(model, hub);
  const files = chooseFiles(snapshot, options.graph);
  const folder = join(options.folder, `${snapshot.id.replace("/", "--")}@${snapshot.commit.slice(0, 12)}`);
  const progress = createProgress(hub);

  progress.add([files.graph, ...files.others], snapshot);
  await inParallel([files.graph, ...files.others], (file) => fetchTo(folder, snapshot, file, hub, progress));
  const weights = await weightsOf(files, folder);
  if (weights.length > 0) {
    progress.add(weights, snapshot);
    await inParallel(weights, (file) => fetchTo(folder, snapshot, file, hub, progress));
  }
  return { folder, commit: snapshot.commit, files };
}

/** A graph holds the names of the files with its weights as they are. */
async function weightsOf({ graph, mayBeWeights }: ChosenFiles, folder: string): Promise<readonly HubFile[]> {
  if (mayBeWeights.length === 0) return [];
  const bytes = await readFile(join(folder, graph.path));
  return mayBeWeights.filter(({ path }) => bytes.includes(basename(path)));
}

type Progress = ReturnType<typeof createProgress>;

function createProgress(hub: Hub) {
  const done = new Map<string, number>();
  let files = 0;
  let bytes = 0;
  return {
    add(more: readonly HubFile[], { commit }: HubSnapshot) {
      files += more.length;
      bytes += more.reduce((sum, file) => sum + file.bytes, 0);
      hub.emit({ type: "chosen", commit, files, bytes });
    },
    set({ path }: HubFile, fileBytes: number) {
      done.set(path, fileBytes);
      hub.emit({ type: "progress", doneBytes: [...done.values()].reduce((sum, one) => sum + one, 0), bytes });
    },
  };
}

const fetchTo = (folder: string, snapshot: HubSnapshot, file: HubFile, hub: Hub, progress: Progress): Promise<void> =>
  downloadFile({
    snapshot,
    file,
    target: join(folder, file.path),
    hub,
    onBytes: (done) => progress.set(file, done),
  });

/** The first failure is thrown once the work that had begun has ended. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  let failure: unknown;
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined && failure === undefined; item = waiting.shift()) {
      await work(item).catch((error: unknown) => (failure ??= error));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_FILES }, worker));
  if (failure !== undefined) throw failure;
}
