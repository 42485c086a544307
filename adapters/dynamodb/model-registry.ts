import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ModelRegistry } from "../../core/models/registry.ts";
import { registryOn } from "./registry-table.ts";
import { sdkTable } from "./sdk-table.ts";

export interface ModelRegistryOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** The registry for those who write: the CLI and its kind. Serving functions read it without the SDK (registry-table.ts). */
export const createModelRegistry = ({ client, tableName }: ModelRegistryOptions): ModelRegistry =>
  registryOn(sdkTable(client, tableName));
