import type { AccountId } from "./leases/account-store.ts";

/** Whose budget an account of leases is; undefined: of a kind that is not known here. */
export type AccountOwner =
  | { readonly type: "tenant"; readonly name: string }
  | { readonly type: "key"; readonly hash: string };

/** `tenant#acme`, `key#<sha256>`, and the shards of a busy one, `tenant#acme#2`. */
const ACCOUNT_ID = /^(tenant|key)#([^#]+)(?:#\d+)?$/;

export function accountOwner(id: AccountId): AccountOwner | undefined {
  const [, type, name = ""] = ACCOUNT_ID.exec(id) ?? [];
  if (type === undefined) return undefined;
  return type === "tenant" ? { type, name } : { type: "key", hash: name };
}
