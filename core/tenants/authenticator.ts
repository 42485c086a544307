/**
 * Whose key is this? Looked up by hash, then its tenant; both remembered for a minute. Unknown, malformed, expired, revoked
 * and deleted tenants' keys get one and the same answer, and a key that is refused is remembered exactly as an unknown one
 * is: neither words nor time tell which keys exist. https://cwe.mitre.org/data/definitions/208.html
 */
import { createRefreshingCache } from "../caching/refreshing-cache.ts";
import { FarthingError } from "../errors.ts";
import { type Caller, callerOf } from "./caller.ts";
import { API_KEY_PATTERN, type ApiKeyRecord, type ApiKeyStore, hashApiKey } from "./key.ts";
import type { TenantRecord, TenantStore } from "./tenant.ts";

export type Authentication =
  | ({ readonly type: "known" } & Caller)
  | { readonly type: "refused"; readonly error: FarthingError };

export interface Authenticator {
  /** `headers`: lower-case names. Rejects with `dependency_unavailable` when the store is needed and does not answer. */
  authenticate(headers: Readonly<Record<string, string>>): Authentication | Promise<Authentication>;
}

/** For work that goes on when nobody sends a key any more: a key that was revoked since opens nothing. */
export interface KeyHolders extends Authenticator {
  holderOf(keyHash: string): Authentication | Promise<Authentication>;
}

export interface AuthenticatorOptions {
  readonly keys: Pick<ApiKeyStore, "find">;
  readonly tenants: TenantStore;
  /** Milliseconds since the epoch. */
  clock(): number;
}

export const AUTHENTICATOR_LIMITS = {
  /** A revoked key works at most this long, and the store may be away as long for a key that is known. */
  knownForMillis: 60_000,
  /** From here on a known key is looked up again without making its caller wait. */
  refreshAfterMillis: 45_000,
  /** A new key that was tried before it existed waits at most this long. */
  unknownForMillis: 10_000,
  /** Keys in memory, as many hashes of unknown ones, and as many tenants: about 2 MB together. */
  capacity: 2_048,
} as const;

const BEARER = /^Bearer +(\S+) *$/i;

export function createAuthenticator({ keys, tenants, clock }: AuthenticatorOptions): KeyHolders {
  const limits = {
    clock,
    refreshBehindAfterMillis: AUTHENTICATOR_LIMITS.refreshAfterMillis,
    refreshBeforeAfterMillis: AUTHENTICATOR_LIMITS.knownForMillis,
    lastKnownForMillis: AUTHENTICATOR_LIMITS.knownForMillis,
    absentForMillis: AUTHENTICATOR_LIMITS.unknownForMillis,
    capacity: AUTHENTICATOR_LIMITS.capacity,
  };
  const records = createRefreshingCache<ApiKeyRecord>({ ...limits, read: usableKey });
  const tenantRecords = createRefreshingCache<TenantRecord>({ ...limits, read: (name) => tenants.find(name) });
  /** Made anew only when one of the two records was read anew. */
  const callers = new WeakMap<ApiKeyRecord, { readonly tenant: TenantRecord; readonly known: Authentication }>();

  async function usableKey(hash: string): Promise<ApiKeyRecord | undefined> {
    const record = await keys.find(hash);
    return record !== undefined && isUsable(record) ? record : undefined;
  }

  /** An expiry that is no date opens nothing. */
  const isUsable = ({ state, expiresAt }: ApiKeyRecord): boolean =>
    state === "active" && (expiresAt === undefined || Date.parse(expiresAt) > clock());

  const refused = (error: FarthingError): Authentication => ({ type: "refused", error });

  function judgeKey(record: ApiKeyRecord | undefined): Authentication | Promise<Authentication> {
    if (record === undefined || !isUsable(record)) return refused(invalidKey());
    const tenant = tenantRecords.get(record.tenant);
    return tenant instanceof Promise ? tenant.then((found) => judge(record, found)) : judge(record, tenant);
  }

  function judge(record: ApiKeyRecord, tenant: TenantRecord | undefined): Authentication {
    if (tenant?.state !== "active") return refused(invalidKey());
    const before = callers.get(record);
    if (before?.tenant === tenant) return before.known;
    const known: Authentication = { type: "known", ...callerOf(record, tenant) };
    callers.set(record, { tenant, known });
    return known;
  }

  function holderOf(keyHash: string): Authentication | Promise<Authentication> {
    const record = records.get(keyHash);
    return record instanceof Promise ? record.then(judgeKey) : judgeKey(record);
  }

  return {
    authenticate(headers) {
      const key = presentedKey(headers);
      if (key === undefined) return refused(missingKey());
      return API_KEY_PATTERN.test(key) ? holderOf(hashApiKey(key)) : refused(invalidKey());
    },
    holderOf,
  };
}

/** `Authorization: Bearer <key>` (OpenAI's clients) or `x-api-key: <key>`; the first wins when both are sent. */
function presentedKey(headers: Readonly<Record<string, string>>): string | undefined {
  const authorization = headers.authorization;
  if (authorization === undefined || authorization === "") return headers["x-api-key"] || undefined;
  return BEARER.exec(authorization)?.[1] ?? authorization;
}

const missingKey = () =>
  new FarthingError(
    "missing_key",
    'No API key was sent. Send yours as "Authorization: Bearer <key>" or "x-api-key: <key>".',
  );

const invalidKey = () =>
  new FarthingError("invalid_key", "The API key is not valid. Check that it is complete, and that it has not expired.");
