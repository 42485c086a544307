import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { type Item, PARTITION_KEY, SORT_KEY, textOf } from "./table.ts";

/** Jobs, what they were asked and what they answered: goes when its tenant goes. */
export const jobDataOn = (table: AdministeredTable): TenantData => ({
  what: "jobs with their requests and answers",
  async remove(tenant) {
    const jobs = `jobs#${tenant}`;
    const slots = `slots#${tenant}`;
    const found = [
      ...(await table.scan("open", { name: "tenant", value: tenant })),
      ...(await table.scan(`body#${tenant}/`)),
      ...(await table.scan(slots)).filter((item) => textOf(item, PARTITION_KEY) === slots),
      // The prefix of one tenant's partition may be another's.
      ...(await table.scan(jobs)).filter((item) => textOf(item, PARTITION_KEY) === jobs),
    ];
    for (const item of found) await table.remove(textOf(item, PARTITION_KEY) as string, textOf(item, SORT_KEY));
    return found.filter((item: Item) => textOf(item, PARTITION_KEY) === jobs).length;
  },
});
