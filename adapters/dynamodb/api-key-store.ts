import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ApiKeyDirectory } from "../../core/tenants/key.ts";
import { administeredTable } from "./administered-table.ts";
import { apiKeyDirectoryOn } from "./api-key-table.ts";

export interface ApiKeyStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** Keys for those who manage them; serving functions read them without the SDK (api-key-table.ts). */
export const createApiKeyStore = ({ client, tableName }: ApiKeyStoreOptions): ApiKeyDirectory =>
  apiKeyDirectoryOn(administeredTable(client, tableName));
