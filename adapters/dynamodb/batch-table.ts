/** Batches in the table of jobs: `{ pk: "batches#<tenant>", sk: "<id>", revision, batch: <JSON>, ttl }` */
import { BATCH_LIMITS, type Batch } from "../../core/batches/batch.ts";
import type { BatchStore } from "../../core/batches/batch-store.ts";
import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import { dependencyUnavailable } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { type ChangingTable, type Item, keyOf, PARTITION_KEY, textOf } from "./table.ts";
import { partitionDataOn } from "./tenant-partition.ts";

const batchesOf = (tenant: string): string => `batches#${tenant}`;

export function batchStoreOn(table: ChangingTable): BatchStore {
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
        ttl: { N: String(Math.ceil((batch.createdAtMillis + BATCH_LIMITS.keptMillis) / 1000)) },
      };
      const before = batch.revision - 1;
      return answered(
        before === 0
          ? table.put(item, { expression: `attribute_not_exists(${PARTITION_KEY})` })
          : table.put(item, { expression: "revision = :before", values: { ":before": { N: String(before) } } }),
      );
    },
  };
}

export const batchDataOn = (table: AdministeredTable): TenantData => partitionDataOn(table, "batches", batchesOf);

function batchOf(item: Item): Batch {
  const text = textOf(item, "batch");
  if (text === undefined) throw new Error(`batches: item ${JSON.stringify(textOf(item, "sk"))} holds no batch`);
  return JSON.parse(text) as Batch;
}

async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw dependencyUnavailable("the store of batches", error);
  }
}
