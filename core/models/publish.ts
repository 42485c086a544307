/** From a folder's files to a live version: upload what is missing, the manifest last, then switch the alias. */
import type { ModelSignature } from "../protocols/spec/signature.ts";
import type { AnyCard } from "./any-card.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { manifestDigest, sha256Hex } from "./digest.ts";
import type { AnyManifest } from "./manifest.ts";
import { type ModelRecord, type ModelRegistry, RevisionConflict } from "./registry.ts";
import { publishVersion, rollBack } from "./transitions.ts";

export interface ModelFile {
  /** Relative, as the card names it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A model that was inspected: it loads, and its signature is what a function will find; one behind an engine has no files. */
export interface InspectedModel {
  readonly card: AnyCard;
  readonly signature: ModelSignature;
  readonly files: readonly ModelFile[];
}

export type PublishEvent =
  | { readonly type: "blob-upload"; readonly path: string; readonly bytes: number }
  | { readonly type: "blob-present"; readonly path: string; readonly bytes: number }
  | { readonly type: "conflict-retry"; readonly attempt: number };

export interface PublishDependencies {
  readonly store: ArtifactStore;
  readonly registry: ModelRegistry;
  /** ISO 8601. */
  readonly now: () => string;
  readonly emit: (event: PublishEvent) => void;
}

export interface Published {
  readonly digest: string;
  readonly record: ModelRecord;
  /** False: this very version was live before. */
  readonly changed: boolean;
}

const ATTEMPTS = 10;

export async function publishModel(model: InspectedModel, dependencies: PublishDependencies): Promise<Published> {
  const { store, now, emit } = dependencies;
  const { card, signature } = model;
  const files = model.files.map((file) => ({ ...file, sha256: sha256Hex(file.bytes) }));
  const manifest: AnyManifest = {
    schema: "farthing.manifest/1",
    card,
    signature,
    files: files.map(({ path, bytes, sha256 }) => ({ path, bytes: bytes.length, sha256 })),
  };
  const digest = manifestDigest(manifest);
  for (const { path, bytes, sha256 } of files) {
    const present = await store.hasBlob(sha256);
    emit({ type: present ? "blob-present" : "blob-upload", path, bytes: bytes.length });
    if (!present) await store.writeBlob(sha256, bytes);
  }
  await store.writeManifest(card.name, manifest);
  const version = {
    digest,
    createdAt: now(),
    bytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    task: card.task,
    price: card.price,
    ...(card.cache && { cache: card.cache }),
    signature,
    ...("fallback" in card && card.fallback.length > 0 && { fallback: card.fallback }),
  };
  const { record, changed } = await change(dependencies, card.name, (current) =>
    publishVersion(current, { name: card.name, group: card.placement.group, version, at: now() }),
  );
  return { digest, record, changed };
}

/** Throws an Error in words when there is no such model, or nothing to go back to. */
export async function rollBackModel(
  name: string,
  to: string | undefined,
  dependencies: Pick<PublishDependencies, "registry" | "now" | "emit">,
): Promise<ModelRecord> {
  const { record } = await change(dependencies, name, (current) => {
    if (current === undefined) throw new Error(`no model "${name}" is published`);
    return rollBack(current, dependencies.now(), to);
  });
  return record;
}

/** Reads, decides, writes; whoever lost the race against another writer decides again on what is there now. */
async function change(
  { registry, emit }: Pick<PublishDependencies, "registry" | "emit">,
  name: string,
  decide: (current: ModelRecord | undefined) => ModelRecord,
): Promise<{ readonly record: ModelRecord; readonly changed: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const current = await registry.get(name);
    const record = decide(current);
    if (record === current) return { record, changed: false };
    try {
      await registry.put(record);
      return { record, changed: true };
    } catch (error) {
      if (!isRevisionConflict(error) || attempt === ATTEMPTS) throw error;
      emit({ type: "conflict-retry", attempt });
    }
  }
}

const isRevisionConflict = (error: unknown): boolean =>
  error instanceof RevisionConflict || (error as Error | undefined)?.name === "RevisionConflict";
