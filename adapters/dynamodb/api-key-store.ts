import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ApiKeyStore } from "../../core/tenants/key.ts";
import { apiKeyStoreOn } from "./api-key-table.ts";
import { sdkTable } from "./sdk-table.ts";

export interface ApiKeyStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** The key store for those who write; serving functions read it without the SDK (api-key-table.ts). */
export const createApiKeyStore = ({ client, tableName }: ApiKeyStoreOptions): ApiKeyStore =>
  apiKeyStoreOn(sdkTable(client, tableName));
