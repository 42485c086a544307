import type { AccountId } from "./account-store.ts";

export const tenantAccount = (tenant: string): AccountId => `tenant#${tenant}`;
export const keyAccount = (keyHash: string): AccountId => `key#${keyHash}`;
