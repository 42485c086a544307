import * as z from "zod";
import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { CreatedResource, ResolvedResource } from "../simulator.ts";
import { addIndexes } from "./added-indexes.ts";
import { type Dynalite, isDynaliteError } from "./dynalite.ts";
import type { KeySchemas, TableDescription } from "./key-schemas.ts";

const MAX_NAME_LENGTH = 255;

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(["HASH", "RANGE"]) }));
const index = z.object({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.object({
    ProjectionType: z.enum(["ALL", "KEYS_ONLY", "INCLUDE"]),
    NonKeyAttributes: z.array(z.string()).optional(),
  }),
});
const properties = z.object({
  TableName: z.string().optional(),
  KeySchema: keySchema,
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(["S", "N", "B"]) })),
  GlobalSecondaryIndexes: z.array(index).optional(),
  LocalSecondaryIndexes: z.array(index).optional(),
});

export const HONOURED_PROPERTIES = [
  "AttributeDefinitions",
  "GlobalSecondaryIndexes",
  "KeySchema",
  "LocalSecondaryIndexes",
  "TableName",
] as const;

/** Makes the table, or keeps the one of an earlier run, with the indexes that it lacks. Throws when that one has other keys. */
export async function createTable(
  resource: ResolvedResource,
  dynalite: Dynalite,
  keySchemas: KeySchemas,
): Promise<CreatedResource> {
  const { TableName, ...wanted } = readProperties(resource, properties);
  const name = TableName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH });
  const existing = await describe(dynalite, name);
  if (existing !== undefined && existing.TableStatus !== "ACTIVE") await dynalite.forgetTable(name);
  // Capacity is not simulated, so every table is on demand.
  const input = { TableName: name, BillingMode: "PAY_PER_REQUEST", ...structuredClone(wanted) };
  const isKept = existing?.TableStatus === "ACTIVE";
  try {
    if (!isKept) await dynalite.run("CreateTable", dynalite.validate("CreateTable", input));
    else if (hasAll(existing, wanted)) requireSameKeys(existing, { TableName: name, ...wanted });
    else await addIndexes(dynalite, dynalite.validate("CreateTable", input));
  } catch (error) {
    throw isDynaliteError(error) ? new Error(`table ${name}: ${error.body.message}`) : error;
  }
  const table = await activeTable(dynalite, name);
  keySchemas.remember(table);
  return { ref: name, attributes: { Arn: table.TableArn ?? "", TableId: table.TableId ?? "" } };
}

/** Every table of earlier runs, so that their keys are known from the first call on. */
export async function rememberTables(dynalite: Dynalite, keySchemas: KeySchemas): Promise<void> {
  let start: unknown;
  do {
    const page = await dynalite.run(
      "ListTables",
      dynalite.validate("ListTables", start === undefined ? {} : { ExclusiveStartTableName: start }),
    );
    for (const name of page.TableNames as string[]) {
      const table = await describe(dynalite, name);
      if (table !== undefined) keySchemas.remember(table);
    }
    start = page.LastEvaluatedTableName;
  } while (start !== undefined);
}

async function describe(dynalite: Dynalite, name: string): Promise<TableDescription | undefined> {
  try {
    const input = dynalite.validate("DescribeTable", { TableName: name });
    return (await dynalite.run("DescribeTable", input)).Table as TableDescription;
  } catch (error) {
    if (isDynaliteError(error) && error.body.__type.endsWith("#ResourceNotFoundException")) return undefined;
    throw isDynaliteError(error) ? new Error(`table ${name}: ${error.body.message}`) : error;
  }
}

async function activeTable(dynalite: Dynalite, name: string): Promise<TableDescription> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const table = await describe(dynalite, name);
    if (table?.TableStatus === "ACTIVE") return table;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`table ${name} did not become active`);
}

type Indexes = Pick<TableDescription, "GlobalSecondaryIndexes">;

/** Whether the template adds no global index to a table that is the same otherwise. */
function hasAll(existing: TableDescription, wanted: Omit<TableDescription, "TableName">): boolean {
  const names = ({ GlobalSecondaryIndexes = [] }: Indexes) =>
    new Set(GlobalSecondaryIndexes.map((each) => each.IndexName));
  const before = names(existing);
  const added = [...names(wanted)].filter((name) => !before.has(name));
  if (added.length === 0) return true;
  const kept = wanted.GlobalSecondaryIndexes?.filter(({ IndexName }) => before.has(IndexName));
  requireSameKeys(existing, { ...wanted, TableName: existing.TableName, GlobalSecondaryIndexes: kept });
  return false;
}

function requireSameKeys(existing: TableDescription, wanted: TableDescription): void {
  const before = keysAsText(existing);
  const after = keysAsText(wanted);
  if (before === after) return;
  throw new Error(
    `table ${wanted.TableName} exists from an earlier run with other keys or indexes (${before}) than the template's (${after}). ` +
      "CloudFormation would replace it; remove the state directory to start over.",
  );
}

function keysAsText(table: TableDescription): string {
  const types = new Map(
    table.AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  );
  const keys = (schema: TableDescription["KeySchema"]) =>
    schema.map(({ AttributeName, KeyType }) => `${AttributeName} ${types.get(AttributeName)} ${KeyType}`).join(", ");
  const indexes = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])];
  const parts = indexes.map((each) => `${each.IndexName}: ${keys(each.KeySchema)}`).sort();
  return [keys(table.KeySchema), ...parts].join("; ");
}
