/**
 * Stores the graph of a version in packed form: optimised for this very processor, its weights laid out as the kernels want
 * them, in a file that is mapped. MiniLM (FP32, 90 MB): a first session takes 59 → 45 ms, and of its memory 61 → 29 MB are its own;
 * the rest is the page cache's, and shared by all threads and processes.
 *
 * ONNX Runtime 1.30 stores some graphs so that they do not load (silero-vad), and a packed weight at the wrong place may crash the
 * process (aligned-weights.ts): run this in a process of its own (pack-apart.ts).
 */
import { link, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelCard } from "../../../core/models/card.ts";
import { systemClock } from "../../system-clock.ts";
import { generatesAlike } from "../generates-alike.ts";
import { openGraph } from "../graph.ts";
import { type LoadedModel, loadModel } from "../load-model.ts";
import { largestDifference, sampleRequests } from "../model-difference.ts";
import { readableMessage } from "../onnx-message.ts";
import { alignWeights } from "./aligned-weights.ts";
import { PACKED_GRAPH, PACKED_WEIGHTS, REFUSED } from "./packed-files.ts";
import { graphFiles } from "./packed-name.ts";
import { placePacked } from "./place-packed.ts";
import { storeFolded } from "./store-folded.ts";

/** Where another process finds `storePacked`: in a bundle the file is another one. */
export const moduleUrl = import.meta.url;

const EQUAL_WITHIN = 1e-5;

export interface VersionOnDisk {
  /** The version's files, whole. */
  readonly directory: string;
  readonly card: ModelCard;
}

/** `folder`: an empty one. What cannot be packed, or answers otherwise when packed, leaves the reason there. */
export async function storePacked(version: VersionOnDisk, folder: string, temporary: string): Promise<void> {
  const reason = await tryToStore(version, folder, temporary).catch(readableMessage);
  if (reason === undefined) return;
  for (const file of [PACKED_GRAPH, PACKED_WEIGHTS]) await rm(join(folder, file), { force: true });
  await writeFile(join(folder, REFUSED), reason);
}

/** Answers in words what speaks against it. */
async function tryToStore(version: VersionOnDisk, folder: string, temporary: string): Promise<string | undefined> {
  const { directory, card } = version;
  if (card.task === "text-generation" && (await storeFolded(directory, card, folder).catch(() => false)))
    return undefined;
  for (const file of [PACKED_GRAPH, PACKED_WEIGHTS]) await rm(join(folder, file), { force: true });
  const packing = { type: "store", graph: join(folder, PACKED_GRAPH), weights: PACKED_WEIGHTS } as const;
  const stored = await openGraph(join(directory, card.artifacts.model), { threads: 1, packing });
  await stored.release();
  if (!(await readdir(folder)).includes(PACKED_WEIGHTS)) return "it has no weights to speak of";
  await alignWeights(join(folder, PACKED_GRAPH), join(folder, PACKED_WEIGHTS));
  const plain = await loadModel(directory, card, { threads: 1 }, systemClock);
  try {
    return await withPackedFolder(version, folder, temporary, async (packedDirectory) => {
      const packed = await loadModel(packedDirectory, card, PACKED_SETTINGS, systemClock);
      try {
        return await disagreement(plain, packed, card);
      } finally {
        await packed.release();
      }
    });
  } finally {
    await plain.release();
  }
}

const PACKED_SETTINGS = { threads: 1, packing: { type: "packed" } } as const;

async function disagreement(plain: LoadedModel, packed: LoadedModel, card: ModelCard): Promise<string | undefined> {
  if (card.task === "text-generation" && card.artifacts.tokenizer !== undefined) {
    return (await generatesAlike(plain, packed)) ? undefined : "it writes another text";
  }
  const difference = await largestDifference(plain, packed, sampleRequests(card.task, plain.signature));
  if (difference === undefined) return "no input could be made up to compare its results with";
  return difference <= EQUAL_WITHIN ? undefined : `its results differ by up to ${difference}`;
}

/** A folder with the version's other files, and the packed graph in the place of the published one. */
async function withPackedFolder<T>(
  { directory, card }: VersionOnDisk,
  packed: string,
  temporary: string,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(temporary, "packed-"));
  try {
    const graph = new Set(graphFiles(card.artifacts));
    for (const path of await readdir(directory, { recursive: true })) {
      if (graph.has(path) || (await stat(join(directory, path))).isDirectory()) continue;
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await link(join(directory, path), join(folder, path));
    }
    await placePacked(packed, folder, card);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
