import { RevisionConflict } from "../../../core/models/registry.ts";
import type { ApiKeyDirectory, ApiKeyRecord } from "../../../core/tenants/key.ts";
import type { TenantDirectory, TenantRecord } from "../../../core/tenants/tenant.ts";

/** Keys and tenants in memory: the same contract as the tables (test/adapters/dynamodb/tenant-store.test.ts). */
export function memoryDirectories() {
  const keyRecords = new Map<string, ApiKeyRecord>();
  const tenantRecords = new Map<string, TenantRecord>();
  const keys: ApiKeyDirectory = {
    find: async (hash) => keyRecords.get(hash),
    put: async (record) => void keyRecords.set(record.hash, record),
    list: async (tenant) => [...keyRecords.values()].filter((record) => record.tenant === tenant),
    remove: async (hash) => void keyRecords.delete(hash),
  };
  const tenants: TenantDirectory = {
    find: async (name) => tenantRecords.get(name),
    list: async () => [...tenantRecords.values()],
    async put(record) {
      if ((tenantRecords.get(record.name)?.revision ?? 0) !== record.revision - 1) throw new RevisionConflict("raced");
      tenantRecords.set(record.name, record);
    },
  };
  return { keys, tenants };
}
