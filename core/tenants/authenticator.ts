/**
 * Whose key is this? Looked up by hash, remembered for a minute. Unknown, malformed, expired and revoked keys get one and
 * the same answer: it tells nobody which keys exist.
 */
import { createRefreshingCache } from "../caching/refreshing-cache.ts";
import { FarthingError } from "../errors.ts";
import { API_KEY_PATTERN, type ApiKeyRecord, type ApiKeyStore, hashApiKey } from "./key.ts";

export type Authentication =
  | { readonly type: "known"; readonly tenant: string; readonly keyPrefix: string }
  /** `record`: an expired or revoked key is refused like an unknown one, but its use can be accounted for. */
  | { readonly type: "refused"; readonly error: FarthingError; readonly record?: ApiKeyRecord };

export interface Authenticator {
  /** `headers`: lower-case names. Rejects with `dependency_unavailable` when the store is needed and does not answer. */
  authenticate(headers: Readonly<Record<string, string>>): Authentication | Promise<Authentication>;
}

export const AUTHENTICATOR_LIMITS = {
  /** A revoked key works at most this long, and the store may be away as long for a key that is known. */
  knownForMillis: 60_000,
  /** From here on a known key is looked up again without making its caller wait. */
  refreshAfterMillis: 45_000,
  /** A new key that was tried before it existed waits at most this long. */
  unknownForMillis: 10_000,
  /** Keys in memory, and as many hashes of unknown ones: about 1 MB together. */
  capacity: 2_048,
} as const;

const BEARER = /^Bearer +(\S+) *$/i;

export function createAuthenticator(store: Pick<ApiKeyStore, "find">, clock: () => number): Authenticator {
  const records = createRefreshingCache<ApiKeyRecord>({
    read: (hash) => store.find(hash),
    clock,
    refreshBehindAfterMillis: AUTHENTICATOR_LIMITS.refreshAfterMillis,
    refreshBeforeAfterMillis: AUTHENTICATOR_LIMITS.knownForMillis,
    lastKnownForMillis: AUTHENTICATOR_LIMITS.knownForMillis,
    absentForMillis: AUTHENTICATOR_LIMITS.unknownForMillis,
    capacity: AUTHENTICATOR_LIMITS.capacity,
  });

  function judge(record: ApiKeyRecord | undefined): Authentication {
    if (record === undefined) return { type: "refused", error: invalidKey() };
    const expired = record.expiresAt !== undefined && !(Date.parse(record.expiresAt) > clock());
    if (record.state !== "active" || expired) return { type: "refused", error: invalidKey(), record };
    return { type: "known", tenant: record.tenant, keyPrefix: record.prefix };
  }

  return {
    authenticate(headers) {
      const key = presentedKey(headers);
      if (key === undefined) return { type: "refused", error: missingKey() };
      if (!API_KEY_PATTERN.test(key)) return { type: "refused", error: invalidKey() };
      const record = records.get(hashApiKey(key));
      return record instanceof Promise ? record.then(judge) : judge(record);
    },
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
