import type { ModelSignature } from "../protocols/spec/signature.ts";
import type { ModelCard } from "./card.ts";

/** One model as the registry keeps it: one item, replaced as a whole under an optimistic lock. */
export interface ModelRecord {
  readonly name: string;
  /** Grows by one with each write; a write names the revision it read. */
  readonly revision: number;
  /** Deployment whose functions hold the model (card.placement.group of the live version). */
  readonly group: string;
  /** Newest first, at most MAX_VERSIONS; what the alias points at always stays. */
  readonly versions: readonly ModelVersion[];
  /** Share of traffic per digest; the shares sum to 1. One entry of 1 when no canary runs. */
  readonly weights: Readonly<Record<string, number>>;
  /** Digest that the alias `live` names: the one that answers when a caller names no version. */
  readonly live: string;
  /** Newest first, at most MAX_HISTORY. */
  readonly history: readonly HistoryEntry[];
}

export interface ModelVersion {
  /** SHA-256 of the canonical manifest, hex. Callers use its first 12 characters. */
  readonly digest: string;
  readonly createdAt: string;
  readonly bytes: number;
  readonly task: ModelCard["task"];
  readonly price: ModelCard["price"];
  /** Absent: its answers are not kept. */
  readonly cache?: NonNullable<ModelCard["cache"]>;
  readonly signature: ModelSignature;
  /** Models that answer instead, in this order. Absent: none that the card names. */
  readonly fallback?: readonly string[];
}

export interface HistoryEntry {
  readonly at: string;
  readonly action: "publish" | "rollback";
  readonly from?: string;
  readonly to: string;
}

export const MAX_VERSIONS = 20;
export const MAX_HISTORY = 100;
export const VERSION_ID_LENGTH = 12;
export const versionId = (digest: string): string => digest.slice(0, VERSION_ID_LENGTH);

export interface ModelRegistry {
  get(name: string): Promise<ModelRecord | undefined>;
  /** Every model, by name. */
  list(): Promise<readonly ModelRecord[]>;
  /**
   * Stores `record` if the stored revision is still `record.revision - 1` (0: no such model yet).
   * Throws RevisionConflict when somebody else was faster: read again, decide again.
   */
  put(record: ModelRecord): Promise<void>;
}

export class RevisionConflict extends Error {
  override readonly name = "RevisionConflict";
}
