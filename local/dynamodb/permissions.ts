import type { RequiredPermission } from "../simulator.ts";
import type { KeySchemas } from "./key-schemas.ts";

/** A call with its input, as validated as it could be. */
export interface DynamoDbCall {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface PermissionFacts {
  readonly accountId: string;
  readonly region: string;
  readonly keySchemas: KeySchemas;
}

type Item = Readonly<Record<string, unknown>>;

/**
 * `dynamodb:<operation>` on the table, or on the index when the call names one; batches ask for each table.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */
export function permissionsFor({ operation, input }: DynamoDbCall, facts: PermissionFacts): RequiredPermission[] {
  const action = `dynamodb:${operation}`;
  const arn = (path: string) => `arn:aws:dynamodb:${facts.region}:${facts.accountId}:${path}`;
  if (operation === "ListTables") return [{ action, resourceArn: "*" }];
  if (typeof input.ResourceArn === "string") return [{ action, resourceArn: input.ResourceArn }];
  if (operation === "BatchGetItem" || operation === "BatchWriteItem") {
    return Object.entries(record(input.RequestItems)).map(([table, request]) => ({
      action,
      resourceArn: arn(`table/${table}`),
      ...leadingKeys(batchKeys(request), facts.keySchemas.partitionKey(table)),
    }));
  }
  const table = String(input.TableName ?? "");
  const index = typeof input.IndexName === "string" ? input.IndexName : undefined;
  const partitionKey = facts.keySchemas.partitionKey(table, index);
  return [
    {
      action,
      resourceArn: arn(index === undefined ? `table/${table}` : `table/${table}/index/${index}`),
      ...leadingKeys(keysOf(input, partitionKey), partitionKey),
    },
  ];
}

/** Scan has none: as in the account, a `ForAllValues` condition then holds, so a policy must not allow Scan by it. */
function leadingKeys(items: readonly Item[], partitionKey: string | undefined): Pick<RequiredPermission, "context"> {
  if (partitionKey === undefined) return {};
  const values = items.flatMap((item) => scalar(item[partitionKey]) ?? []);
  return values.length === 0 ? {} : { context: { "dynamodb:LeadingKeys": [...new Set(values)] } };
}

function keysOf(input: Readonly<Record<string, unknown>>, partitionKey: string | undefined): Item[] {
  const conditions = record(input.KeyConditions);
  const queried = partitionKey === undefined ? undefined : record(conditions[partitionKey]).AttributeValueList;
  return [
    ...[input.Key, input.Item].filter((item) => item !== undefined).map(record),
    ...(Array.isArray(queried) && partitionKey !== undefined ? [{ [partitionKey]: queried[0] }] : []),
  ];
}

function batchKeys(request: unknown): Item[] {
  if (Array.isArray(request)) {
    return request.map((write) =>
      record(record(record(write).PutRequest).Item ?? record(record(write).DeleteRequest).Key),
    );
  }
  const { Keys } = record(request);
  return Array.isArray(Keys) ? Keys.map(record) : [];
}

/** `{ S: "a" }` → `a` */
function scalar(value: unknown): string | undefined {
  const [inner] = Object.values(record(value));
  return inner === undefined ? undefined : String(inner);
}

const record = (value: unknown): Item =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Item) : {};
