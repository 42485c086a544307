import { link, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelCard } from "../../../core/models/card.ts";
import { PACKED_GRAPH, PACKED_WEIGHTS } from "./packed-files.ts";

/** The packed files under the names by which the card and the graph know them. Whatever lies there must be gone. */
export async function placePacked(packed: string, directory: string, { artifacts }: ModelCard): Promise<void> {
  const target = join(directory, artifacts.model);
  await mkdir(dirname(target), { recursive: true });
  await link(join(packed, PACKED_GRAPH), target);
  await link(join(packed, PACKED_WEIGHTS), join(dirname(target), PACKED_WEIGHTS));
}
