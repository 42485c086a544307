import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { PARTITION_KEY, SORT_KEY, textOf } from "./table.ts";

/** Items in a partition of their tenant: they go when it goes. Called again after a failure, it removes the rest. */
export const partitionDataOn = (
  table: AdministeredTable,
  what: string,
  partitionOf: (tenant: string) => string,
): TenantData => ({
  what,
  async remove(tenant) {
    const partition = partitionOf(tenant);
    const items = await table.query(partition);
    for (const item of items) await table.remove(textOf(item, PARTITION_KEY) as string, textOf(item, SORT_KEY));
    return items.length;
  },
});
