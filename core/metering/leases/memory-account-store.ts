import { type Account, NEW_ACCOUNT } from "./account.ts";
import type { AccountId, AccountStore } from "./account-store.ts";

/** The reference: what any store must do, without a network. */
export function createMemoryAccountStore(): AccountStore & { readonly accounts: ReadonlyMap<AccountId, Account> } {
  const accounts = new Map<AccountId, Account>();
  return {
    accounts,
    async read(id) {
      return accounts.get(id) ?? NEW_ACCOUNT;
    },
    async write(id, account) {
      if ((accounts.get(id)?.revision ?? 0) !== account.revision - 1) return "refused";
      accounts.set(id, account);
      return "written";
    },
  };
}
