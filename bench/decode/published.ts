/** SmolLM2 as `farthing model publish` stores it: what a deployment loads. */
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prepareModel } from "../../adapters/onnx/prepare-model.ts";
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

export const cardIn = (folder: string): ModelCard =>
  JSON.parse(readFileSync(join(folder, CARD_FILE), "utf8")) as ModelCard;
