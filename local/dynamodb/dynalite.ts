import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * dynalite's own parts, called in this process: its validations, its actions and its store. Its HTTP server is left
 * out, since it throws errors where nobody catches them, and would add a hop to every call.
 */
export interface Dynalite {
  /** Checks and completes a call's input. Throws DynaliteError. */
  validate(operation: string, input: Record<string, unknown>): Record<string, unknown>;
  /** Rejects with DynaliteError for what the service would answer, with another Error for a fault. */
  run(operation: string, validated: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The parameters of an operation that dynalite knows; undefined when it does not know the operation. */
  parametersOf(operation: string): ReadonlySet<string> | undefined;
  /** As DynamoDB counts an item: names and values. */
  itemBytes(item: Readonly<Record<string, unknown>>): number;
  /** Forgets a table's description, not its items. */
  forgetTable(tableName: string): Promise<void>;
  close(): Promise<void>;
}

/** An answer with a 4xx status; `body` is the service's own error document. */
export interface DynaliteError {
  readonly statusCode: number;
  readonly body: { readonly __type: string; readonly message?: string; readonly Message?: string };
}

export function isDynaliteError(error: unknown): error is DynaliteError {
  return typeof error === "object" && error !== null && "statusCode" in error && "body" in error;
}

/** Everything that dynalite 4 answers but DescribeTimeToLive's siblings: no transactions, streams, PartiQL or backups. */
const OPERATIONS = [
  "BatchGetItem",
  "BatchWriteItem",
  "CreateTable",
  "DeleteItem",
  "DeleteTable",
  "DescribeTable",
  "DescribeTimeToLive",
  "GetItem",
  "ListTables",
  "ListTagsOfResource",
  "PutItem",
  "Query",
  "Scan",
  "TagResource",
  "UntagResource",
  "UpdateItem",
  "UpdateTable",
] as const;

type Callback<Result> = (error: unknown, result?: Result) => void;

interface Store {
  readonly tableDb: {
    awsAccountId: string;
    awsRegion: string;
    del(key: string, callback: Callback<void>): void;
  };
  readonly db: { open(): Promise<void>; close(): Promise<void> };
}

interface Validations {
  checkTypes(input: Record<string, unknown>, types: object): Record<string, unknown>;
  checkValidations(input: Record<string, unknown>, types: object, custom: unknown, store: Store): void;
}

type Action = (store: Store, data: object, callback: Callback<Record<string, unknown>>) => void;
interface OperationParts {
  readonly action: Action;
  readonly types: object;
  readonly custom: unknown;
}

const require = createRequire(import.meta.url);
const moduleName = (operation: string) => operation.charAt(0).toLowerCase() + operation.slice(1);

/** Opens the LevelDB store in `directory`, made if need be. Rejects with a clear message when another process has it. */
export async function openDynalite(
  directory: string,
  account: { readonly accountId: string; readonly region: string },
): Promise<Dynalite> {
  const database = require("dynalite/db") as {
    create(options: object): Store;
    itemSize(item: object): number;
  };
  const validations = require("dynalite/validations") as Validations;
  const parts = new Map<string, OperationParts>(
    OPERATIONS.map((operation) => {
      const { types, custom } = require(`dynalite/validations/${moduleName(operation)}`) as OperationParts;
      const action = require(`dynalite/actions/${moduleName(operation)}`) as Action;
      return [operation, { action, types, custom }];
    }),
  );
  mkdirSync(directory, { recursive: true });
  const store = database.create({ path: directory, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  store.tableDb.awsAccountId = account.accountId;
  store.tableDb.awsRegion = account.region;
  await openStore(store, directory);

  const partsOf = (operation: string): OperationParts => {
    const found = parts.get(operation);
    if (found === undefined) throw new Error(`dynalite has no operation ${operation}`);
    return found;
  };
  return {
    validate(operation, input) {
      const { types, custom } = partsOf(operation);
      try {
        const typed = validations.checkTypes(input, types);
        validations.checkValidations(typed, types, custom, store);
        return typed;
      } catch (error) {
        throw isDynaliteError(error) ? error : unreadable(operation, error);
      }
    },
    run: (operation, validated) =>
      new Promise((resolve, reject) => {
        partsOf(operation).action(store, validated, (error, result) => (error ? reject(error) : resolve(result ?? {})));
      }),
    parametersOf(operation) {
      const found = parts.get(operation);
      return found === undefined ? undefined : new Set(Object.keys(found.types));
    },
    itemBytes: (item) => database.itemSize(item),
    forgetTable: (tableName) =>
      new Promise((resolve, reject) => {
        store.tableDb.del(tableName, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => store.db.close(),
  };
}

/** dynalite stumbles over a `null` where a value must be; the service calls such input unreadable. */
function unreadable(operation: string, cause: unknown): DynaliteError {
  const message = `The input of ${operation} cannot be read: ${(cause as Error).message}`;
  return { statusCode: 400, body: { __type: "com.amazon.coral.service#SerializationException", message } };
}

async function openStore(store: Store, directory: string): Promise<void> {
  try {
    await store.db.open();
  } catch (error) {
    const cause = (error as { cause?: { code?: string; message?: string } }).cause;
    if (cause?.code === "LEVEL_LOCKED") {
      throw new Error(`The DynamoDB state in ${directory} is in use by another running platform; stop that one first.`);
    }
    throw new Error(
      `The DynamoDB state in ${directory} cannot be opened: ${cause?.message ?? (error as Error).message}`,
    );
  }
}
