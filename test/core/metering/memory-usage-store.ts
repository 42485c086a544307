import type { PageId, UsagePage } from "../../../core/metering/usage-page.ts";
import type { UsageStore } from "../../../core/metering/usage-store.ts";

/** The contract of the table, in memory. */
export function memoryUsageStore(): UsageStore & { readonly stored: Map<string, UsagePage> } {
  const stored = new Map<string, UsagePage>();
  const nameOf = ({ tenant, day, process }: PageId) => `${tenant}\n${day}\n${process}`;
  return {
    stored,
    find: async (id) => stored.get(nameOf(id)),
    pages: async (tenant, day) => [...stored.values()].filter((page) => page.tenant === tenant && page.day === day),
    async put(page) {
      if ((stored.get(nameOf(page))?.revision ?? 0) !== page.revision - 1) return "refused";
      stored.set(nameOf(page), page);
      return "written";
    },
  };
}
