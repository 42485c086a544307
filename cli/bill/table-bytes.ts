import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ClientSettings } from "../where.ts";

/** What lies in the tables now, by DynamoDB's count, which is up to six hours old. */
export async function tableBytes(tables: readonly string[], settings: ClientSettings): Promise<number> {
  const client = new DynamoDBClient(settings);
  try {
    const sizes = await Promise.all(
      tables.map(
        async (TableName) => (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableSizeBytes,
      ),
    );
    return sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  } finally {
    client.destroy();
  }
}
