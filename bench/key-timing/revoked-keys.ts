import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { createApiKeyStore } from "../../adapters/dynamodb/api-key-store.ts";
import { issueKey } from "../../core/tenants/issue-key.ts";
import type { LocalPlatform } from "../local-platform.ts";

const AT_ONCE = 16;

/** Keys of the platform's own tenant, as they lie in the table after `farthing tenant revoke`. */
export async function revokedKeys(platform: LocalPlatform, count: number): Promise<string[]> {
  const { awsEndpointUrl, region, credentials } = JSON.parse(
    readFileSync(join(platform.stateDirectory, "platform.json"), "utf8"),
  ) as {
    readonly awsEndpointUrl: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  const client = new DynamoDBClient({ endpoint: awsEndpointUrl, region, credentials });
  try {
    const { TableNames = [] } = await client.send(new ListTablesCommand({}));
    const tableName = TableNames.find((name) => name.includes("Tenants"));
    if (tableName === undefined) throw new Error(`no table of tenants among ${TableNames.join(", ")}`);
    const keys = createApiKeyStore({ client, tableName });
    const at = new Date().toISOString();
    const make = async (): Promise<string> => {
      const issued = issueKey({ tenant: "demo", name: "revoked", randomBytes: randomBytes(32), at });
      await keys.put({ ...issued.record, state: "revoked" });
      return issued.key;
    };
    const made: string[] = [];
    while (made.length < count) {
      made.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - made.length) }, make))));
    }
    return made;
  } finally {
    client.destroy();
  }
}
