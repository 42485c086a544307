import { type ApiKeyRecord, apiKeyPrefix, generateApiKey, hashApiKey } from "./key.ts";

export const TENANT_NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export interface IssuedKey {
  /** The secret: shown once, stored nowhere. */
  readonly key: string;
  readonly record: ApiKeyRecord;
}

/** `randomBytes`: 32 bytes of a cryptographic source, used for nothing else; `at` in ISO 8601. Throws an Error when the tenant's name is none. */
export function issueKey(request: {
  readonly tenant: string;
  readonly name: string;
  readonly randomBytes: Uint8Array;
  readonly at: string;
}): IssuedKey {
  const { tenant, name, randomBytes, at } = request;
  if (!TENANT_NAME_PATTERN.test(tenant)) {
    throw new Error(
      `"${tenant}" is no tenant name: lower-case letters, digits and '-' between them, at most 63 characters`,
    );
  }
  const key = generateApiKey(randomBytes);
  return {
    key,
    record: { hash: hashApiKey(key), tenant, name, prefix: apiKeyPrefix(key), createdAt: at, state: "active" },
  };
}
