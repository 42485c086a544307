import type { SignedClient } from "../aws/signed-client.ts";
import { readBody } from "../aws/transport.ts";
import { type Item, keyOf, PARTITION_KEY, type ReadableTable } from "./table.ts";

/** A read takes single-digit milliseconds; whoever waits longer is better served by another try. */
const SILENCE_TIMEOUT_MILLIS = 1_500;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
export function signedTable(client: SignedClient, tableName: string): ReadableTable {
  async function call<Output>(operation: "GetItem" | "Query", input: object): Promise<Output> {
    const response = await client.send({
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` },
      body: JSON.stringify(input),
      silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS,
      retry: "always",
    });
    return JSON.parse((await readBody(response)).toString()) as Output;
  }

  return {
    async get(partition, sort) {
      const input = { TableName: tableName, Key: keyOf(partition, sort), ConsistentRead: true };
      return (await call<{ readonly Item?: Item }>("GetItem", input)).Item;
    },
    async query(partition) {
      const items: Item[] = [];
      let from: unknown;
      do {
        const page = await call<{ readonly Items?: readonly Item[]; readonly LastEvaluatedKey?: unknown }>("Query", {
          TableName: tableName,
          KeyConditionExpression: `${PARTITION_KEY} = :partition`,
          ExpressionAttributeValues: { ":partition": { S: partition } },
          ConsistentRead: true,
          ...(from !== undefined && { ExclusiveStartKey: from }),
        });
        items.push(...(page.Items ?? []));
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
      return items;
    },
  };
}
