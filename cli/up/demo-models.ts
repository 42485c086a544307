/** The models of `models/`, published the way anybody's models are published: through S3 and DynamoDB, by the same code. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CARD_FILE, readAnyCard, readModelFiles } from "../../adapters/model-folder/read-model-folder.ts";
import { type AnyCard, isEngineCard } from "../../core/models/any-card.ts";
import { type ModelRecord, versionId } from "../../core/models/registry.ts";
import type { Deployment } from "../deployment.ts";
import { publishFolder } from "../publish-folder.ts";
import { writeAtomically } from "../write-atomically.ts";

export interface LiveModel {
  readonly name: string;
  readonly task: string;
  /** First 12 characters of the digest. */
  readonly version: string;
}

export type DemoModelEvent =
  | { readonly type: "published"; readonly name: string; readonly version: string }
  /** Why a folder was not published; the platform starts all the same. */
  | { readonly type: "refused"; readonly folder: string; readonly reason: string };

/** Content of a folder → digest of the version that it became: an unchanged folder need not be inspected again. */
type PublishedFolders = Readonly<Record<string, string>>;

/**
 * Publishes each folder whose version the registry does not know yet. One that it knows stays as it is, live or not:
 * who rolled back before a restart stays rolled back.
 */
export async function publishDemoModels(
  modelsFolder: string,
  stateDirectory: string,
  deployment: Pick<Deployment, "store" | "registry"> & {
    /** Models that the environment's endpoints and upstreams serve; cards of others wait for an environment that has one for them. */
    readonly engineModels: ReadonlySet<string>;
  },
  emit: (event: DemoModelEvent) => void,
): Promise<void> {
  const memory = join(stateDirectory, "demo-models.json");
  const before = readMemory(memory);
  const after: Record<string, string> = {};
  const known = new Set(
    (await deployment.registry.list()).flatMap(({ versions }) => versions.map(({ digest }) => digest)),
  );
  for (const folder of modelFolders(modelsFolder)) {
    try {
      const card = await readAnyCard(folder);
      if (isEngineCard(card) && !deployment.engineModels.has(card.name)) continue;
      const content = await contentDigest(folder, card);
      const remembered = before[content];
      if (remembered !== undefined && known.has(remembered)) {
        after[content] = remembered;
        continue;
      }
      const { digest, changed } = await publishFolder(folder, card, deployment, () => undefined);
      after[content] = digest;
      if (changed) emit({ type: "published", name: card.name, version: versionId(digest) });
    } catch (error) {
      emit({ type: "refused", folder, reason: (error as Error).message });
    }
  }
  writeAtomically(memory, after);
}

export const liveModels = (records: readonly ModelRecord[]): readonly LiveModel[] =>
  records.map(({ name, live, versions }) => ({
    name,
    task: versions.find(({ digest }) => digest === live)?.task ?? "tensor",
    version: versionId(live),
  }));

/** Folders without a card are no models: training scripts, or a model that is being made. */
const modelFolders = (modelsFolder: string): readonly string[] =>
  existsSync(modelsFolder)
    ? readdirSync(modelsFolder)
        .sort()
        .map((name) => join(modelsFolder, name))
        .filter((folder) => existsSync(join(folder, CARD_FILE)))
    : [];

async function contentDigest(folder: string, card: AnyCard): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(join(folder, CARD_FILE)));
  if (isEngineCard(card)) return hash.digest("hex");
  for (const { path, bytes } of await readModelFiles(folder, card))
    hash.update(`\0${path}\0${bytes.length}\0`).update(bytes);
  return hash.digest("hex");
}

function readMemory(path: string): PublishedFolders {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as PublishedFolders;
  } catch {
    return {};
  }
}
