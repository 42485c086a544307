/** Items and bytes of a table, counted when somebody asks; DynamoDB's own numbers are up to six hours old. */
import type { Dynalite } from "./dynalite.ts";

export interface TableSize {
  readonly ItemCount: number;
  readonly TableSizeBytes: number;
}

export async function tableSize(dynalite: Dynalite, TableName: string): Promise<TableSize> {
  let [ItemCount, TableSizeBytes] = [0, 0];
  let start: unknown;
  do {
    const input = { TableName, ...(start !== undefined && { ExclusiveStartKey: start }) };
    const page = await dynalite.run("Scan", dynalite.validate("Scan", input));
    for (const item of page.Items as Readonly<Record<string, unknown>>[]) {
      ItemCount++;
      TableSizeBytes += dynalite.itemBytes(item);
    }
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return { ItemCount, TableSizeBytes };
}
