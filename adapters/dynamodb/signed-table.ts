import { AwsServiceError, type SignedClient } from "../aws/signed-client.ts";
import { readBody } from "../http/transport.ts";
import { type ChangingTable, type IndexedTable, type Item, keyOf, PARTITION_KEY } from "./table.ts";

/** A read takes single-digit milliseconds; whoever waits longer is better served by another try. */
const SILENCE_TIMEOUT_MILLIS = 1_500;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
export function signedTable(client: SignedClient, tableName: string): ChangingTable & IndexedTable {
  async function call<Output>(
    operation: "GetItem" | "Query" | "PutItem" | "DeleteItem",
    input: object,
  ): Promise<Output> {
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
    async latest(partition, limit, before) {
      const page = await call<{ readonly Items?: readonly Item[] }>("Query", {
        TableName: tableName,
        KeyConditionExpression: `${PARTITION_KEY} = :partition`,
        ExpressionAttributeValues: { ":partition": { S: partition } },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: limit,
        ...(before !== undefined && { ExclusiveStartKey: keyOf(partition, before) }),
      });
      return page.Items ?? [];
    },
    async queryIndex(index, [attribute, text], [bounded, value], limit) {
      const page = await call<{ readonly Items?: readonly Item[] }>("Query", {
        TableName: tableName,
        IndexName: index,
        KeyConditionExpression: "#equal = :text AND #bounded <= :value",
        ExpressionAttributeNames: { "#equal": attribute, "#bounded": bounded },
        ExpressionAttributeValues: { ":text": { S: text }, ":value": { N: String(value) } },
        Limit: limit,
      });
      return page.Items ?? [];
    },
    async remove(partition, sort) {
      await call("DeleteItem", { TableName: tableName, Key: keyOf(partition, sort) });
    },
    /** Sent again when no reply came: `refused` may then mean that the first try was taken. */
    async put(item, condition) {
      const input = {
        TableName: tableName,
        Item: item,
        ...(condition && { ConditionExpression: condition.expression }),
        ...(condition?.values && { ExpressionAttributeValues: condition.values }),
      };
      try {
        await call("PutItem", input);
        return "written";
      } catch (error) {
        if (error instanceof AwsServiceError && error.code === "ConditionalCheckFailedException") return "refused";
        throw error;
      }
    },
  };
}
