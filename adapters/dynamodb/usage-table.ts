/**
 * Usage pages in a table: `{ pk: "<tenant>#<day>", sk: "<process>", revision: <number>, ttl: <seconds>, record: <JSON> }`, amounts in
 * JSON as decimal strings. A page has 0.3 to 2 kB: one write unit, whatever number of lines it took in.
 */
import type { UsageCell, UsagePage } from "../../core/metering/usage-page.ts";
import { USAGE_KEPT_DAYS, type UsageReader, type UsageStore } from "../../core/metering/usage-store.ts";
import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import {
  atRevision,
  type Item,
  keyOf,
  PARTITION_KEY,
  type ReadableTable,
  SORT_KEY,
  type Table,
  textOf,
} from "./table.ts";

const answered = answeredBy("the usage records");

const SECONDS_PER_DAY = 24 * 3600;

const partitionOf = (tenant: string, day: string): string => `${tenant}#${day}`;

export function usageReaderOn(table: Pick<ReadableTable, "query">): UsageReader {
  return {
    pages: async (tenant, day) => (await answered(table.query(partitionOf(tenant, day)))).map(pageOf),
  };
}

export function usageStoreOn(table: Table): UsageStore {
  return {
    ...usageReaderOn(table),
    async find({ tenant, day, process }) {
      const item = await answered(table.get(partitionOf(tenant, day), process));
      return item && pageOf(item);
    },
    async put(page) {
      const item = {
        ...keyOf(partitionOf(page.tenant, page.day), page.process),
        revision: { N: String(page.revision) },
        ttl: { N: String(Math.floor(Date.parse(page.day) / 1000) + USAGE_KEPT_DAYS * SECONDS_PER_DAY) },
        record: { S: encodePage(page) },
      };
      return answered(table.put(item, atRevision(page.revision - 1)));
    },
  };
}

/** Goes when its tenant goes. */
export const usageDataOn = (table: AdministeredTable): TenantData => ({
  what: "usage records",
  async remove(tenant) {
    const items = await answered(table.scan(`${tenant}#`));
    for (const item of items) {
      await answered(table.remove(textOf(item, PARTITION_KEY) as string, textOf(item, SORT_KEY)));
    }
    return items.length;
  },
});

const encodePage = ({ tenant, day, process, counted, cells, leases }: UsagePage): string =>
  JSON.stringify({ tenant, day, process, counted, cells, leases }, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );

/** Pages of earlier releases have no costs. */
type StoredCell = Omit<UsageCell, "pricePicodollars" | "costPicodollars"> & {
  readonly pricePicodollars: string;
  readonly costPicodollars?: string;
};
type StoredPage = Omit<UsagePage, "revision" | "cells" | "leases"> & {
  readonly cells: readonly StoredCell[];
  readonly leases: Readonly<Record<string, string>>;
};

function pageOf(item: Item): UsagePage {
  const text = textOf(item, "record");
  if (text === undefined)
    throw new Error(`usage: ${textOf(item, PARTITION_KEY)} ${textOf(item, SORT_KEY)} has no record`);
  const stored = JSON.parse(text) as StoredPage;
  return {
    ...stored,
    revision: Number(item.revision?.N),
    cells: stored.cells.map(({ pricePicodollars, costPicodollars = "0", ...cell }) => ({
      ...cell,
      pricePicodollars: BigInt(pricePicodollars),
      costPicodollars: BigInt(costPicodollars),
    })),
    leases: Object.fromEntries(Object.entries(stored.leases).map(([name, amount]) => [name, BigInt(amount)])),
  };
}
