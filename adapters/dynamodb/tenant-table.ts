/**
 * Tenants in the table of keys: `{ pk: "tenant#<name>", revision: <number>, …TenantRecord }`, terms as JSON. A deleted one has a
 * `ttl`.
 */
import { RevisionConflict } from "../../core/models/registry.ts";
import type { DataClass } from "../../core/tenants/data-class.ts";
import {
  DELETED_FOR_DAYS,
  type TenantDirectory,
  type TenantRecord,
  type TenantStore,
} from "../../core/tenants/tenant.ts";
import { decodeTerms, encodeTerms, type Terms } from "../../core/tenants/terms.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { atRevision, type Item, keyOf, type ReadableTable, textOf } from "./table.ts";

const answered = answeredBy("the list of tenants");

const PREFIX = "tenant#";
const SECONDS_PER_DAY = 24 * 3600;
const partitionOf = (name: string): string => `${PREFIX}${name}`;

export function tenantReaderOn(table: ReadableTable): TenantStore {
  return {
    async find(name) {
      const item = await answered(table.get(partitionOf(name)));
      return item && recordOf(item);
    },
  };
}

export function tenantDirectoryOn(table: AdministeredTable): TenantDirectory {
  return {
    ...tenantReaderOn(table),
    async list() {
      const items = await answered(table.scan(PREFIX));
      return items.map(recordOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async put(record) {
      const before = record.revision - 1;
      const item = { ...keyOf(partitionOf(record.name)), ...attributesOf(record) };
      const outcome = await answered(table.put(item, atRevision(before)));
      if (outcome === "refused") {
        throw new RevisionConflict(`tenant "${record.name}": revision ${before} is not the stored one any more`);
      }
    },
  };
}

function attributesOf(record: TenantRecord): Item {
  return {
    name: { S: record.name },
    createdAt: { S: record.createdAt },
    state: { S: record.state },
    dataClass: { S: record.dataClass },
    terms: { S: encodeTerms(record.terms) },
    revision: { N: String(record.revision) },
    ...(record.answerScope !== undefined && { answerScope: { S: record.answerScope } }),
    ...(record.debugUntil !== undefined && { debugUntil: { S: record.debugUntil } }),
    ...(record.deletedAt !== undefined && {
      deletedAt: { S: record.deletedAt },
      ttl: { N: String(Math.floor(Date.parse(record.deletedAt) / 1000) + DELETED_FOR_DAYS * SECONDS_PER_DAY) },
    }),
  };
}

/** A record that lacks a field is a fault of ours: half a tenant has half its bounds. */
function recordOf(item: Item): TenantRecord {
  const text = (field: string): string => {
    const value = textOf(item, field);
    if (value === undefined) throw new Error(`tenants: the record ${textOf(item, "name") ?? ""} lacks ${field}`);
    return value;
  };
  const answerScope = textOf(item, "answerScope");
  const debugUntil = textOf(item, "debugUntil");
  const deletedAt = textOf(item, "deletedAt");
  return {
    name: text("name"),
    createdAt: text("createdAt"),
    state: text("state") as TenantRecord["state"],
    dataClass: text("dataClass") as DataClass,
    terms: termsOf(text("name"), text("terms")),
    revision: Number(item.revision?.N),
    ...(answerScope !== undefined && { answerScope }),
    ...(debugUntil !== undefined && { debugUntil }),
    ...(deletedAt !== undefined && { deletedAt }),
  };
}

/** One that cannot be read is named: a listing would otherwise fail for a reason that nobody finds. */
function termsOf(tenant: string, text: string): Terms {
  try {
    return decodeTerms(text);
  } catch (error) {
    throw new Error(`tenants: the terms of ${tenant} cannot be read`, { cause: error });
  }
}
