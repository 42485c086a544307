/**
 * API keys: `fk_` and 43 characters of base64url (256 random bits). Only the SHA-256 is stored; with that much entropy a
 * slow password hash would protect nothing and cost every request. Equal hashes are found by lookup, never compared
 * byte by byte with a secret.
 */
export const API_KEY_PATTERN = /^fk_[A-Za-z0-9_-]{43}$/;

export interface ApiKeyRecord {
  /** SHA-256 of the key, hex. */
  readonly hash: string;
  readonly tenant: string;
  readonly name: string;
  /** First characters, to tell keys apart in lists: `fk_Ab3d`. */
  readonly prefix: string;
  readonly createdAt: string;
  readonly state: "active" | "revoked";
  /** ISO 8601; absent means never. */
  readonly expiresAt?: string;
}

export interface ApiKeyStore {
  /** Undefined when no such key exists. Throws `dependency_unavailable` when the store does not answer. */
  find(hash: string): Promise<ApiKeyRecord | undefined>;
  put(record: ApiKeyRecord): Promise<void>;
}
