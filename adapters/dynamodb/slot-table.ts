/** Slots, a partition of their own for each kind and tenant: `{ pk: <partition>, sk: "<id>", key, ttl }` */
import type { SlotStore } from "../../core/jobs/slot-store.ts";
import { type ChangingTable, type Item, keyOf, SORT_KEY, textOf } from "./table.ts";

export interface SlotPlace {
  /** The work's result, or the error that names whose slots these are. */
  answered<T>(work: Promise<T>): Promise<T>;
  partitionOf(tenant: string): string;
  /** Later than the end of whatever takes a slot now. */
  ttl(): Item[string];
}

export function slotStoreOn(table: ChangingTable, { answered, partitionOf, ttl }: SlotPlace): SlotStore {
  return {
    async putSlot({ tenant, id, keyHash }) {
      await answered(table.put({ ...keyOf(partitionOf(tenant), id), key: { S: keyHash }, ttl: ttl() }));
    },
    removeSlot: (tenant, id) => answered(table.remove(partitionOf(tenant), id)),
    async slots(tenant) {
      const items = await answered(table.query(partitionOf(tenant)));
      return items.map((item) => ({ tenant, id: textOf(item, SORT_KEY) ?? "", keyHash: textOf(item, "key") ?? "" }));
    },
  };
}
