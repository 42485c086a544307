import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateQuery,
} from "@aws-sdk/client-dynamodb";
import { type Item, keyOf, PARTITION_KEY, type Table } from "./table.ts";

export function sdkTable(client: DynamoDBClient, tableName: string): Table {
  return {
    async get(partition, sort) {
      const input = { TableName: tableName, Key: keyOf(partition, sort), ConsistentRead: true };
      return (await client.send(new GetItemCommand(input))).Item;
    },
    async query(partition) {
      const items: Item[] = [];
      const pages = paginateQuery(
        { client },
        {
          TableName: tableName,
          KeyConditionExpression: `${PARTITION_KEY} = :partition`,
          ExpressionAttributeValues: { ":partition": { S: partition } },
          ConsistentRead: true,
        },
      );
      for await (const page of pages) items.push(...(page.Items ?? []));
      return items;
    },
    async put(item, condition) {
      const command = new PutItemCommand({
        TableName: tableName,
        Item: { ...item },
        ...(condition && { ConditionExpression: condition.expression }),
        ...(condition?.values && { ExpressionAttributeValues: { ...condition.values } }),
      });
      try {
        await client.send(command);
        return "written";
      } catch (error) {
        if (isRefusal(error)) return "refused";
        throw error;
      }
    },
  };
}

const isRefusal = (error: unknown): boolean =>
  error instanceof Error && error.name === ConditionalCheckFailedException.name;
