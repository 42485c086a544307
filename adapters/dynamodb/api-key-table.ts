/** API keys in a table: `{ pk: "key#<sha256 hex>", …ApiKeyRecord }`, each field a string attribute. */
import type { ApiKeyRecord, ApiKeyStore } from "../../core/tenants/key.ts";
import { dependencyUnavailable } from "../aws/dependency-error.ts";
import { type Item, keyOf, type ReadableTable, type Table, textOf } from "./table.ts";

const FIELDS = ["hash", "tenant", "name", "prefix", "createdAt", "state", "expiresAt"] as const;
const OPTIONAL: ReadonlySet<string> = new Set(["expiresAt"]);

const partitionOf = (hash: string): string => `key#${hash}`;

export function apiKeyReaderOn(table: ReadableTable): Pick<ApiKeyStore, "find"> {
  return {
    async find(hash) {
      const item = await answered(table.get(partitionOf(hash)));
      return item && recordOf(item);
    },
  };
}

export function apiKeyStoreOn(table: Table): ApiKeyStore {
  return {
    ...apiKeyReaderOn(table),
    async put(record) {
      const fields = FIELDS.filter((field) => record[field] !== undefined).map((field) => [
        field,
        { S: record[field] },
      ]);
      await answered(table.put({ ...keyOf(partitionOf(record.hash)), ...Object.fromEntries(fields) }));
    },
  };
}

async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw dependencyUnavailable("the key store", error);
  }
}

/** A record that lacks a field is refused as a fault of ours: half a key must not open anything. */
function recordOf(item: Item): ApiKeyRecord {
  const record: Record<string, string> = {};
  for (const field of FIELDS) {
    const text = textOf(item, field);
    if (text !== undefined) record[field] = text;
    else if (!OPTIONAL.has(field))
      throw new Error(`key store: the record ${textOf(item, "prefix") ?? ""}… lacks ${field}`);
  }
  return record as unknown as ApiKeyRecord;
}
