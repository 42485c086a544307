import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CARD_FILE, readCard } from "../../adapters/model-folder/read-model-folder.ts";
import { type ModelRecord, versionId } from "../../core/models/registry.ts";
import type { Deployment } from "../deployment.ts";
import { publishFolder } from "../publish-folder.ts";

export interface LiveModel {
  readonly name: string;
  readonly task: string;
  readonly version: string;
}

/** Publishes every model of `folder` the way anybody's models are published; what is live already stays as it is. */
export async function publishAll(
  folder: string,
  deployment: Pick<Deployment, "store" | "registry">,
  onPublished: (name: string, version: string) => void,
): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const directory = join(folder, entry.name);
    if (!entry.isDirectory() || !existsSync(join(directory, CARD_FILE))) continue;
    const card = await readCard(directory);
    const { digest, changed } = await publishFolder(directory, card, deployment, () => {});
    if (changed) onPublished(card.name, versionId(digest));
  }
}

export const liveModels = (records: readonly ModelRecord[]): readonly LiveModel[] =>
  records.map((record) => ({
    name: record.name,
    task: record.versions.find(({ digest }) => digest === record.live)?.task ?? "tensor",
    version: versionId(record.live),
  }));
