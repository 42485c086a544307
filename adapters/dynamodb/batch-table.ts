/**
 * Batches in the table of jobs: `{ pk: "batches#<tenant>", sk: "<id>", revision, batch: <JSON>, ttl }`, and
 * `{ pk: "batch-slots#<tenant>", sk: "<id>", key, ttl }` for each that counts against its tenant's limit.
 */
import { BATCH_LIMITS, type Batch } from "../../core/batches/batch.ts";
import type { BatchStore } from "../../core/batches/batch-store.ts";
import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { slotStoreOn } from "./slot-table.ts";
import { atRevision, type ChangingTable, type Item, keyOf, textOf } from "./table.ts";
import { partitionDataOn } from "./tenant-partition.ts";

const answered = answeredBy("the store of batches");

const batchesOf = (tenant: string): string => `batches#${tenant}`;
const slotsOf = (tenant: string): string => `batch-slots#${tenant}`;

const endOf = (createdAtMillis: number) => ({
  N: String(Math.ceil((createdAtMillis + BATCH_LIMITS.keptMillis) / 1000)),
});

/** `nowMillis`: for the ends of slots; nothing else depends on it. */
export function batchStoreOn(table: ChangingTable, nowMillis: () => number): BatchStore {
  return {
    async find(tenant, id) {
      const item = await answered(table.get(batchesOf(tenant), id));
      return item && batchOf(item);
    },
    async latest(tenant, limit, before) {
      return (await answered(table.latest(batchesOf(tenant), limit, before))).map(batchOf);
    },
    put(batch) {
      const item = {
        ...keyOf(batchesOf(batch.tenant), batch.id),
        revision: { N: String(batch.revision) },
        batch: { S: JSON.stringify(batch) },
        ttl: endOf(batch.createdAtMillis),
      };
      return answered(table.put(item, atRevision(batch.revision - 1)));
    },
    ...slotStoreOn(table, { answered, partitionOf: slotsOf, ttl: () => endOf(nowMillis()) }),
  };
}

export function batchDataOn(table: AdministeredTable): TenantData {
  const slots = partitionDataOn(table, "slots of batches", slotsOf);
  const batches = partitionDataOn(table, "batches", batchesOf);
  return {
    what: batches.what,
    async remove(tenant, keyHashes) {
      await slots.remove(tenant, keyHashes);
      return batches.remove(tenant, keyHashes);
    },
  };
}

function batchOf(item: Item): Batch {
  const text = textOf(item, "batch");
  if (text === undefined) throw new Error(`batches: item ${JSON.stringify(textOf(item, "sk"))} holds no batch`);
  return JSON.parse(text) as Batch;
}
