import type { Authentication } from "../../../core/tenants/authenticator.ts";
import { NO_TERMS } from "../../../core/tenants/terms.ts";

export type KnownCaller = Extract<Authentication, { readonly type: "known" }>;

/** A caller of the tenant acme whom nothing bounds, unless said otherwise. */
export const knownCaller = (overrides: Partial<KnownCaller> = {}): KnownCaller => ({
  type: "known",
  tenant: "acme",
  keyPrefix: "fk_aaaa",
  keyHash: "a".repeat(64),
  scopes: {},
  dataClass: "open",
  answerScope: overrides.tenant ?? "acme",
  terms: { tenant: NO_TERMS, key: NO_TERMS },
  debugUntilMillis: 0,
  ...overrides,
});
