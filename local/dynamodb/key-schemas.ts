/** The keys of each table and index: what `dynamodb:LeadingKeys` needs, known without a wait. */
export class KeySchemas {
  readonly #schemas = new Map<string, readonly KeyElement[]>();

  /** From a table's description, as CreateTable takes and DescribeTable gives it. */
  remember(table: TableDescription): void {
    this.#schemas.set(address(table.TableName, undefined), table.KeySchema);
    for (const index of [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])]) {
      this.#schemas.set(address(table.TableName, index.IndexName), index.KeySchema);
    }
  }

  partitionKey(tableName: string, indexName?: string): string | undefined {
    const keys = this.#schemas.get(address(tableName, indexName));
    return keys?.find(({ KeyType }) => KeyType === "HASH")?.AttributeName;
  }

  /** The part of an item that is its key. */
  keyOf(tableName: string, item: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const keys = this.#schemas.get(address(tableName, undefined)) ?? [];
    return Object.fromEntries(keys.map(({ AttributeName }) => [AttributeName, item[AttributeName]]));
  }
}

export interface KeyElement {
  readonly AttributeName: string;
  readonly KeyType: string;
}

export interface IndexDescription {
  readonly IndexName: string;
  readonly KeySchema: readonly KeyElement[];
  readonly Projection?: unknown;
}

export interface TableDescription {
  readonly TableName: string;
  readonly TableStatus?: string;
  readonly TableArn?: string;
  readonly TableId?: string;
  readonly KeySchema: readonly KeyElement[];
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly GlobalSecondaryIndexes?: readonly IndexDescription[] | undefined;
  readonly LocalSecondaryIndexes?: readonly IndexDescription[] | undefined;
}

const address = (tableName: string, indexName: string | undefined) => `${tableName}/${indexName ?? ""}`;
