import type { SlotStore } from "../jobs/slot-store.ts";
import type { Batch } from "./batch.ts";

export interface BatchStore extends SlotStore {
  find(tenant: string, id: string): Promise<Batch | undefined>;
  /** Newest first; `before`: ids that sort before this one. */
  latest(tenant: string, limit: number, before?: string): Promise<readonly Batch[]>;
  /** `refused`: the stored revision is not `batch.revision - 1` any more. */
  put(batch: Batch): Promise<"written" | "refused">;
}
