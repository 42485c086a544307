/**
 * The registry as serving processes see it: from memory, at most 5 seconds behind. A publish or rollback needs no
 * deployment and no message to anybody: whoever serves looks again in time.
 */
import { createRefreshingCache } from "../caching/refreshing-cache.ts";
import type { ModelRecord, ModelRegistry } from "../models/registry.ts";

export interface RegistryView {
  get(name: string): ModelRecord | undefined | Promise<ModelRecord | undefined>;
  /** As `get`, read again unless that happened just now: for a caller who names a version that memory does not know. */
  getNewest(name: string): Promise<ModelRecord | undefined>;
  /** Every model, by name. */
  list(): Promise<readonly ModelRecord[]>;
}

export const REGISTRY_VIEW_LIMITS = {
  /** From here on a record is read again without making its caller wait. */
  refreshAfterMillis: 2_000,
  /** An older record is read again first. With the read itself (50 ms) an alias is never more than 5 s behind. */
  believedForMillis: 4_500,
  /**
   * While the registry does not answer, models go on serving what was last known; after this long we would rather say so:
   * a rollback that nobody sees is worse than an outage that everybody sees.
   */
  lastKnownForMillis: 300_000,
  /** A new model is reachable this soon, even if somebody asked for it before it existed. */
  unknownForMillis: 2_000,
  /** Bounds the reads that requests for unknown versions cause: one per model in this time. */
  newestWithinMillis: 500,
  capacity: 1_024,
} as const;

const ALL = "all";

export function createRegistryView(registry: Pick<ModelRegistry, "get" | "list">, clock: () => number): RegistryView {
  const limits = {
    clock,
    refreshBehindAfterMillis: REGISTRY_VIEW_LIMITS.refreshAfterMillis,
    refreshBeforeAfterMillis: REGISTRY_VIEW_LIMITS.believedForMillis,
    lastKnownForMillis: REGISTRY_VIEW_LIMITS.lastKnownForMillis,
    absentForMillis: REGISTRY_VIEW_LIMITS.unknownForMillis,
  };
  const records = createRefreshingCache<ModelRecord>({
    ...limits,
    read: (name) => registry.get(name),
    capacity: REGISTRY_VIEW_LIMITS.capacity,
  });
  const lists = createRefreshingCache<readonly ModelRecord[]>({ ...limits, read: () => registry.list(), capacity: 1 });
  return {
    get: (name) => records.get(name),
    getNewest: (name) => records.getNewerThan(name, REGISTRY_VIEW_LIMITS.newestWithinMillis),
    list: async () => (await lists.get(ALL)) ?? [],
  };
}
