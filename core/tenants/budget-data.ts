import type { AccountId } from "../metering/leases/account-store.ts";
import { accountOwner } from "../metering/reconcile-account-owner.ts";
import type { TenantData } from "./manage-tenants.ts";

export interface BudgetAccounts {
  list(): Promise<readonly { readonly id: AccountId }[]>;
  remove(id: AccountId): Promise<void>;
}

/** What a tenant and its keys have spent of their budgets, and their open leases. */
export const budgetData = (accounts: BudgetAccounts): TenantData => ({
  what: "budget accounts",
  async remove(tenant, keyHashes) {
    const own = (await accounts.list()).filter(({ id }) => {
      const owner = accountOwner(id);
      return owner?.type === "tenant" ? owner.name === tenant : owner !== undefined && keyHashes.includes(owner.hash);
    });
    for (const { id } of own) await accounts.remove(id);
    return own.length;
  },
});
