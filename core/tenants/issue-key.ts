import { type ApiKeyRecord, apiKeyPrefix, generateApiKey, hashApiKey } from "./key.ts";
import { requireTenantName } from "./tenant.ts";

export interface IssuedKey {
  /** The secret: shown once, stored nowhere. */
  readonly key: string;
  readonly record: ApiKeyRecord;
}

export type KeyOptions = Pick<ApiKeyRecord, "expiresAt" | "scopes" | "dataClass" | "terms">;

/** `randomBytes`: 32 bytes of a cryptographic source, used for nothing else; `at` in ISO 8601. Throws an Error when the tenant's name is none. */
export function issueKey(
  request: {
    readonly tenant: string;
    readonly name: string;
    readonly randomBytes: Uint8Array;
    readonly at: string;
  },
  options: KeyOptions = {},
): IssuedKey {
  const { tenant, name, randomBytes, at } = request;
  requireTenantName(tenant);
  const key = generateApiKey(randomBytes);
  return {
    key,
    record: {
      hash: hashApiKey(key),
      tenant,
      name,
      prefix: apiKeyPrefix(key),
      createdAt: at,
      state: "active",
      ...options,
    },
  };
}
