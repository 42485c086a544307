/**
 * API keys in a table: `{ pk: "key#<sha256 hex>", …ApiKeyRecord }`, each field a string attribute; scopes and terms as JSON.
 */
import type { DataClass } from "../../core/tenants/data-class.ts";
import type { ApiKeyDirectory, ApiKeyRecord, ApiKeyStore } from "../../core/tenants/key.ts";
import type { KeyScopes } from "../../core/tenants/scope.ts";
import { decodeTerms, encodeTerms } from "../../core/tenants/terms.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { type Item, keyOf, type ReadableTable, textOf } from "./table.ts";

const answered = answeredBy("the key store");

const TEXT_FIELDS = ["hash", "tenant", "name", "prefix", "createdAt", "state"] as const;

const PREFIX = "key#";
const partitionOf = (hash: string): string => `${PREFIX}${hash}`;

export function apiKeyReaderOn(table: ReadableTable): Pick<ApiKeyStore, "find"> {
  return {
    async find(hash) {
      const item = await answered(table.get(partitionOf(hash)));
      return item && recordOf(item);
    },
  };
}

export function apiKeyDirectoryOn(table: AdministeredTable): ApiKeyDirectory {
  return {
    ...apiKeyReaderOn(table),
    async put(record) {
      await answered(table.put({ ...keyOf(partitionOf(record.hash)), ...attributesOf(record) }));
    },
    async list(tenant) {
      const items = await answered(table.scan(PREFIX, { name: "tenant", value: tenant }));
      return items.map(recordOf).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    },
    async remove(hash) {
      await answered(table.remove(partitionOf(hash)));
    },
  };
}

function attributesOf(record: ApiKeyRecord): Item {
  const texts: Record<string, string | undefined> = {
    expiresAt: record.expiresAt,
    dataClass: record.dataClass,
    scopes: record.scopes && JSON.stringify(record.scopes),
    terms: record.terms && encodeTerms(record.terms),
  };
  for (const field of TEXT_FIELDS) texts[field] = record[field];
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, { S: text }]])),
  );
}

/** A record that lacks a field is refused as a fault of ours: half a key must not open anything. */
function recordOf(item: Item): ApiKeyRecord {
  const record: Record<string, string> = {};
  for (const field of TEXT_FIELDS) {
    const text = textOf(item, field);
    if (text === undefined) throw new Error(`key store: the record ${textOf(item, "prefix") ?? ""}… lacks ${field}`);
    record[field] = text;
  }
  const expiresAt = textOf(item, "expiresAt");
  const dataClass = textOf(item, "dataClass");
  const scopes = textOf(item, "scopes");
  const terms = textOf(item, "terms");
  return {
    ...(record as unknown as ApiKeyRecord),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(dataClass !== undefined && { dataClass: dataClass as DataClass }),
    ...(scopes !== undefined && { scopes: JSON.parse(scopes) as KeyScopes }),
    ...(terms !== undefined && { terms: decodeTerms(terms) }),
  };
}
