/**
 * What Farthing asks of a DynamoDB table: items by key, a partition in order, a conditional write. Two implementations:
 * sdk-table.ts (CLI) and signed-table.ts (functions: without the SDK's start-up cost).
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

export type Item = Readonly<Record<string, AttributeValue>>;

export interface ReadableTable {
  /** Consistent read. */
  get(partition: string, sort?: string): Promise<Item | undefined>;
  /** All items of a partition, by sort key. */
  query(partition: string): Promise<readonly Item[]>;
}

export interface Condition {
  /** `attribute_not_exists(pk)` */
  readonly expression: string;
  readonly values?: Readonly<Record<string, AttributeValue>>;
}

export interface Table extends ReadableTable {
  /** `refused`: the condition did not hold, nothing was written. */
  put(item: Item, condition?: Condition): Promise<"written" | "refused">;
}

/** A table whose items come and go. */
export interface ChangingTable extends Table {
  /** Of a partition, from the highest sort key down, or from below `before`. */
  latest(partition: string, limit: number, before?: string): Promise<readonly Item[]>;
  /** Whether it was there or not. */
  remove(partition: string, sort: string): Promise<void>;
}

/** A table with an index, whose items may be a moment late in it. */
export interface IndexedTable {
  /** Keys of items whose text attribute has that value and whose number attribute is at most that, from the least on. */
  queryIndex(
    index: string,
    equal: readonly [attribute: string, text: string],
    atMost: readonly [attribute: string, value: number],
    limit: number,
  ): Promise<readonly Item[]>;
}

/** Attribute names of every table's key. */
export const PARTITION_KEY = "pk";
export const SORT_KEY = "sk";

export const keyOf = (partition: string, sort?: string): Record<string, AttributeValue.SMember> => ({
  [PARTITION_KEY]: { S: partition },
  ...(sort !== undefined && { [SORT_KEY]: { S: sort } }),
});

/** The text of a string attribute; undefined when it is absent or of another type. */
export const textOf = (item: Item, name: string): string | undefined => item[name]?.S;

/** Holds while the stored item is of that revision; 0: while there is none. Of two writers who read the same, the second is refused. */
export const atRevision = (revision: number): Condition =>
  revision === 0
    ? { expression: `attribute_not_exists(${PARTITION_KEY})` }
    : { expression: "revision = :before", values: { ":before": { N: String(revision) } } };
