/** Files in the table of jobs: `{ pk: "files#<tenant>", sk: "<id>", file: <JSON>, ttl }`; their bytes are elsewhere. */
import type { StoredFile } from "../../core/files/file.ts";
import type { FileStore } from "../../core/files/file-store.ts";
import type { TenantData } from "../../core/tenants/manage-tenants.ts";
import { answeredBy } from "../aws/dependency-error.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { type ChangingTable, type Item, keyOf, textOf } from "./table.ts";
import { partitionDataOn } from "./tenant-partition.ts";

const answered = answeredBy("the store of files");

const filesOf = (tenant: string): string => `files#${tenant}`;

export function fileStoreOn(table: ChangingTable): FileStore {
  return {
    async find(tenant, id) {
      const item = await answered(table.get(filesOf(tenant), id));
      return item && fileOf(item);
    },
    async latest(tenant, limit, before) {
      return (await answered(table.latest(filesOf(tenant), limit, before))).map(fileOf);
    },
    async put(file) {
      await answered(
        table.put({
          ...keyOf(filesOf(file.tenant), file.id),
          file: { S: JSON.stringify(file) },
          ttl: { N: String(Math.ceil(file.expiresAtMillis / 1000)) },
        }),
      );
    },
    remove: (tenant, id) => answered(table.remove(filesOf(tenant), id)),
  };
}

/** Names and sizes; the bytes are removed by where they lie (adapters/s3/object-data.ts). */
export const fileDataOn = (table: AdministeredTable): TenantData => partitionDataOn(table, "records of files", filesOf);

function fileOf(item: Item): StoredFile {
  const text = textOf(item, "file");
  if (text === undefined) throw new Error(`files: item ${JSON.stringify(textOf(item, "sk"))} holds no file`);
  return JSON.parse(text) as StoredFile;
}
