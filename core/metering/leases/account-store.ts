import type { Account } from "./account.ts";

/** `tenant#<name>`, `key#<sha256 hex>`, and the shards of a busy one: `tenant#<name>#<number>`. */
export type AccountId = string;

export interface AccountStore {
  /** Consistent; NEW_ACCOUNT when there is none. Rejects when the store does not answer. */
  read(id: AccountId): Promise<Account>;
  /**
   * Stores the account if the stored revision is the one before its own. `refused`: it was not, nothing is written. After a
   * rejection nobody knows: it may be written, or may still be later.
   */
  write(id: AccountId, account: Account): Promise<"written" | "refused">;
}
