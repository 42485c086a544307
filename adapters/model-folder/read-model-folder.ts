import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AnyCard, parseAnyCard } from "../../core/models/any-card.ts";
import { type ModelCard, parseModelCard } from "../../core/models/card.ts";
import type { ModelFile } from "../../core/models/publish.ts";
import { servingFiles } from "../onnx/serving-files.ts";

export const CARD_FILE = "model.json";

/** Throws an Error that names the file, and each field of the card that is wrong. */
export async function readCard(directory: string): Promise<ModelCard> {
  const path = join(directory, CARD_FILE);
  return parseModelCard(parsed(await readFile(path, "utf8").catch(absent(path)), path), path);
}

/** Of a model that a function or an endpoint serves. Throws like `readCard`. */
export async function readAnyCard(directory: string): Promise<AnyCard> {
  const path = join(directory, CARD_FILE);
  return parseAnyCard(parsed(await readFile(path, "utf8").catch(absent(path)), path), path);
}

/** The files that a version consists of. */
export async function readModelFiles(directory: string, card: ModelCard): Promise<readonly ModelFile[]> {
  return Promise.all(
    servingFiles(card).map(async (path) => ({
      path,
      bytes: await readFile(join(directory, path)).catch(absent(join(directory, path))),
    })),
  );
}

const absent = (path: string) => (error: NodeJS.ErrnoException) => {
  throw new Error(error.code === "ENOENT" ? `${path} is not there` : `${path} cannot be read: ${error.message}`);
};

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: ${(error as Error).message}`);
  }
}
