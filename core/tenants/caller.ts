/** Who sent a request: what its key says and what its tenant says, taken together. */
import { type DataClass, stricterOf } from "./data-class.ts";
import type { ApiKeyRecord } from "./key.ts";
import type { KeyScopes } from "./scope.ts";
import type { TenantRecord } from "./tenant.ts";
import { NO_TERMS, type TenantTerms } from "./terms.ts";

export interface Caller {
  readonly tenant: string;
  /** What may stand in lists, logs and usage lines; one of a kind within the tenant. */
  readonly keyPrefix: string;
  /** SHA-256 of the key: names it where no two keys may meet. */
  readonly keyHash: string;
  readonly scopes: KeyScopes;
  readonly dataClass: DataClass;
  /** Whose cached answers these are (TenantRecord). */
  readonly answerScope: string;
  /** The tenant's terms and the key's own; both hold. */
  readonly terms: TenantTerms;
  /** Milliseconds since the epoch, until when requests and answers may stand in the log; 0: never. */
  readonly debugUntilMillis: number;
}

const EVERYTHING: KeyScopes = {};

export function callerOf(key: ApiKeyRecord, tenant: TenantRecord): Caller {
  return {
    tenant: tenant.name,
    keyPrefix: key.prefix,
    keyHash: key.hash,
    scopes: key.scopes ?? EVERYTHING,
    dataClass: stricterOf(tenant.dataClass, key.dataClass),
    answerScope: tenant.answerScope ?? tenant.name,
    terms: { tenant: tenant.terms, key: key.terms ?? NO_TERMS },
    debugUntilMillis: (tenant.debugUntil !== undefined && Date.parse(tenant.debugUntil)) || 0,
  };
}
