/**
 * A table of an earlier run to which the template adds indexes, as CloudFormation does in place: described anew, and each item
 * written once more, which fills them. Stopped in the middle, the items are all there, and an index may lack some.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
 */
import type { Dynalite } from "./dynalite.ts";
import type { TableDescription } from "./key-schemas.ts";

/** `create`: the validated input of CreateTable, with the new indexes. */
export async function addIndexes(dynalite: Dynalite, create: Record<string, unknown>): Promise<void> {
  const TableName = String(create.TableName);
  const items = await allItems(dynalite, TableName);
  // Its items stay where they are.
  await dynalite.forgetTable(TableName);
  await dynalite.run("CreateTable", create);
  await active(dynalite, TableName);
  for (const Item of items) await dynalite.run("PutItem", dynalite.validate("PutItem", { TableName, Item }));
}

async function allItems(dynalite: Dynalite, TableName: string): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  let from: unknown;
  do {
    const input = { TableName, ...(from !== undefined && { ExclusiveStartKey: from }) };
    const page = await dynalite.run("Scan", dynalite.validate("Scan", input));
    items.push(...(page.Items as unknown[]));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

async function active(dynalite: Dynalite, TableName: string): Promise<void> {
  for (;;) {
    const { Table } = await dynalite.run("DescribeTable", dynalite.validate("DescribeTable", { TableName }));
    if ((Table as TableDescription).TableStatus === "ACTIVE") return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
