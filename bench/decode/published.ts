/** SmolLM2 as deployments load it: as `farthing model publish` stores it, and packed as instances and premises keep it. */
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PACKED_GRAPH, PACKED_WEIGHTS, SAMPLE } from "../../adapters/onnx/packing/packed-files.ts";
import { placePacked } from "../../adapters/onnx/packing/place-packed.ts";
import { storePacked } from "../../adapters/onnx/packing/store-packed.ts";
import { prepareModel } from "../../adapters/onnx/prepare-model.ts";
import type { SessionSettings } from "../../adapters/onnx/session-options.ts";
import type { ModelCard } from "../../core/models/card.ts";
import { DECODE_DIRECTORY, ONNX_DIRECTORY } from "./places.ts";
import { SMOLLM2_CARD } from "./smollm2.ts";

const CARD_FILE = "model.json";

/** Answers the folder. */
export async function publishSmolLm2(): Promise<string> {
  const folder = join(DECODE_DIRECTORY, "published");
  await rm(folder, { recursive: true, force: true });
  const prepared = await prepareModel(ONNX_DIRECTORY, SMOLLM2_CARD, folder);
  if (prepared.type === "original") throw new Error(`SmolLM2 would be published as it is: ${prepared.reason}`);
  await writeFile(join(folder, CARD_FILE), JSON.stringify(prepared.card));
  return folder;
}

/** Answers a folder with the same model in packed form. `published`: what publishSmolLm2 answered. */
export async function packSmolLm2(published: string): Promise<string> {
  const card = cardIn(published);
  const [packed, folder] = [join(DECODE_DIRECTORY, "packed"), join(DECODE_DIRECTORY, "on-premises")];
  for (const one of [packed, folder]) {
    await rm(one, { recursive: true, force: true });
    await mkdir(one);
  }
  await storePacked({ directory: published, card }, packed, DECODE_DIRECTORY);
  const made = await readdir(packed);
  if (!made.includes(PACKED_GRAPH) || !made.includes(PACKED_WEIGHTS)) throw new Error("SmolLM2 cannot be packed");
  if (made.includes(SAMPLE)) await copyFile(join(packed, SAMPLE), join(folder, SAMPLE));
  const graph = new Set([card.artifacts.model, ...(card.artifacts.externalData ?? [])]);
  for (const file of await readdir(published)) {
    if (!graph.has(file)) await copyFile(join(published, file), join(folder, file));
  }
  await placePacked(packed, folder, card);
  return folder;
}

/** How the folder's graph is to be opened. */
export function packingIn(folder: string): Pick<SessionSettings, "packing"> {
  if (!existsSync(join(folder, PACKED_WEIGHTS))) return {};
  const sample = join(folder, SAMPLE);
  return { packing: { type: "packed", ...(existsSync(sample) && { sample }) } };
}

export const cardIn = (folder: string): ModelCard =>
  JSON.parse(readFileSync(join(folder, CARD_FILE), "utf8")) as ModelCard;
