/** What those who manage a table ask beside what serving needs: listings over partitions, and deletion. CLI and reconciler only. */
import { DeleteItemCommand, type DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";
import { sdkTable } from "./sdk-table.ts";
import { type Item, keyOf, PARTITION_KEY, type Table } from "./table.ts";

export interface AdministeredTable extends Table {
  /**
   * All items whose partition key begins so and, if asked, whose string attribute has that value. Reads the whole table, and
   * may miss what was written within the last second.
   */
  scan(
    partitionPrefix: string,
    attribute?: { readonly name: string; readonly value: string },
  ): Promise<readonly Item[]>;
  /** Whether it was there or not. */
  remove(partition: string, sort?: string): Promise<void>;
}

export function administeredTable(client: DynamoDBClient, tableName: string): AdministeredTable {
  return {
    ...sdkTable(client, tableName),
    async scan(partitionPrefix, attribute) {
      const items: Item[] = [];
      const pages = paginateScan(
        { client },
        {
          TableName: tableName,
          FilterExpression: `begins_with(${PARTITION_KEY}, :prefix)${attribute ? " AND #name = :value" : ""}`,
          ...(attribute && { ExpressionAttributeNames: { "#name": attribute.name } }),
          ExpressionAttributeValues: {
            ":prefix": { S: partitionPrefix },
            ...(attribute && { ":value": { S: attribute.value } }),
          },
        },
      );
      for await (const page of pages) items.push(...(page.Items ?? []));
      return items;
    },
    async remove(partition, sort) {
      await client.send(new DeleteItemCommand({ TableName: tableName, Key: keyOf(partition, sort) }));
    },
  };
}
