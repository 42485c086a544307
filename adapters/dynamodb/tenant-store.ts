import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { TenantDirectory } from "../../core/tenants/tenant.ts";
import { administeredTable } from "./administered-table.ts";
import { tenantDirectoryOn } from "./tenant-table.ts";

export interface TenantStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** Tenants for those who manage them; serving functions read them without the SDK (tenant-table.ts). */
export const createTenantStore = ({ client, tableName }: TenantStoreOptions): TenantDirectory =>
  tenantDirectoryOn(administeredTable(client, tableName));
