import type { ModelSignature } from "../protocols/spec/signature.ts";
import type { AnyCard } from "./any-card.ts";
import type { ModelCard } from "./card.ts";

/**
 * One immutable version: its card and the digest of every file. Its own digest names the version, so two machines that
 * publish the same bytes name them alike. Written last: a manifest that exists points at blobs that exist.
 */
export interface Manifest<Card extends AnyCard = ModelCard> {
  readonly schema: "farthing.manifest/1";
  readonly card: Card;
  /** What callers send and get (a task's own signature, not the raw graph's, where the task has one). */
  readonly signature: ModelSignature;
  readonly files: readonly ManifestFile[];
}

export type AnyManifest = Manifest<AnyCard>;

export interface ManifestFile {
  /** Relative path as the card and the graph name it. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, lower-case hex. */
  readonly sha256: string;
}

/** JSON with sorted keys and no white space: the form whose SHA-256 names a version. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${entries.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Where things lie in the model bucket. Blobs are shared between versions: an unchanged tokenizer is stored once. */
export const blobKey = (sha256: string): string => `blobs/${sha256}`;
export const manifestKey = (model: string, digest: string): string => `manifests/${model}/${digest}.json`;
