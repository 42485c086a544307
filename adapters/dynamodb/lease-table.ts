/**
 * Budgets and leases in the tenants table, one item per account:
 * `{ pk: "budget#tenant#<name>" | "budget#key#<sha256 hex>" (a shard: `…#<number>`), revision: <number>, account: <JSON>, ttl: <seconds> }`
 * A write costs a unit per kilobyte, so a lease is an array of its fields (`LEASE_FIELDS`), about 100 bytes.
 */
import { type Account, type LeaseEntry, NEW_ACCOUNT } from "../../core/metering/leases/account.ts";
import type { AccountId, AccountStore } from "../../core/metering/leases/account-store.ts";
import { endOfMonth } from "../../core/metering/leases/windows.ts";
import type { AdministeredTable } from "./administered-table.ts";
import { atRevision, type Item, keyOf, PARTITION_KEY, type Table, textOf } from "./table.ts";

const PREFIX = "budget#";

export const accountPartition = (id: AccountId): string => `${PREFIX}${id}`;

/** An account that nobody writes any more outlives its month, whose budget it counts, by this. */
const KEPT_SECONDS = 40 * 86_400;

export function accountStoreOn(table: Pick<Table, "get" | "put">): AccountStore {
  return {
    async read(id) {
      const item = await table.get(accountPartition(id));
      return item === undefined ? NEW_ACCOUNT : accountOf(item);
    },
    write(id, account) {
      return table.put(itemOf(id, account), atRevision(account.revision - 1));
    },
  };
}

export interface AccountDirectory extends AccountStore {
  /** Reads the whole table. */
  list(): Promise<readonly { readonly id: AccountId; readonly account: Account }[]>;
  remove(id: AccountId): Promise<void>;
}

/** For the reconciler and for those who delete tenants. */
export const accountDirectoryOn = (table: AdministeredTable): AccountDirectory => ({
  ...accountStoreOn(table),
  async list() {
    const items = await table.scan(PREFIX);
    return items.map((item) => ({
      id: (textOf(item, PARTITION_KEY) ?? "").slice(PREFIX.length),
      account: accountOf(item),
    }));
  },
  remove: (id) => table.remove(accountPartition(id)),
});

const itemOf = (id: AccountId, account: Account): Item => ({
  ...keyOf(accountPartition(id)),
  revision: { N: String(account.revision) },
  account: { S: JSON.stringify(stored(account)) },
  ttl: { N: String(Math.floor(endOfMonth(account.day) / 1000) + KEPT_SECONDS) },
});

const LEASE_FIELDS = [
  "day",
  "startedAtMillis",
  "expiresAtMillis",
  "grantedPicodollars",
  "settledPicodollars",
  "requestsPerSecond",
  "requestsTaken",
  "tokensPerSecond",
  "tokensTaken",
  "slots",
] as const satisfies readonly (keyof LeaseEntry)[];

type StoredLease = readonly (string | number)[];

interface StoredAccount extends Pick<Account, "day" | "requests" | "tokens"> {
  readonly charged: Readonly<Record<string, string>>;
  readonly leases: Readonly<Record<string, StoredLease>>;
  /** Only of accounts with shards, and of shards. */
  readonly shards?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly allotted?: Readonly<Record<string, string>>;
}

const stored = ({ day, charged, leases, requests, tokens, shards, allotted }: Account): StoredAccount => ({
  day,
  charged: mapped(charged, String),
  leases: mapped(leases, (entry) =>
    LEASE_FIELDS.map((field) => {
      const value = entry[field];
      return typeof value === "bigint" ? String(value) : value;
    }),
  ),
  requests,
  tokens,
  ...(Object.keys(shards).length > 0 && { shards: mapped(shards, (days) => mapped(days, String)) }),
  ...(allotted !== undefined && { allotted: mapped(allotted, String) }),
});

function accountOf(item: Item): Account {
  const text = textOf(item, "account");
  const revision = Number(item.revision?.N);
  if (text === undefined || !Number.isSafeInteger(revision)) {
    throw new Error(`budgets: item ${JSON.stringify(textOf(item, PARTITION_KEY))} holds no account`);
  }
  const { day, charged, leases, requests, tokens, shards = {}, allotted } = JSON.parse(text) as StoredAccount;
  return {
    revision,
    day,
    charged: mapped(charged, BigInt),
    leases: mapped(leases, leaseOf),
    requests: { level: requests.level, atMillis: requests.atMillis },
    tokens: { level: tokens.level, atMillis: tokens.atMillis },
    shards: mapped(shards, (days) => mapped(days, BigInt)),
    allotted: allotted && mapped(allotted, BigInt),
  };
}

const AMOUNTS: ReadonlySet<string> = new Set(["grantedPicodollars", "settledPicodollars"]);

const leaseOf = (values: StoredLease): LeaseEntry =>
  Object.fromEntries(
    LEASE_FIELDS.map((field, index) => [field, AMOUNTS.has(field) ? BigInt(values[index] ?? "") : values[index]]),
  ) as unknown as LeaseEntry;

const mapped = <From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
