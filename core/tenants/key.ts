/**
 * API keys: `fk_` and 43 characters of base64url (256 random bits). Only the SHA-256 is stored; with that much entropy a
 * slow password hash would protect nothing and cost every request. Equal hashes are found by lookup, never compared
 * byte by byte with a secret.
 */
import { hash } from "node:crypto";
import type { DataClass } from "./data-class.ts";
import type { KeyScopes } from "./scope.ts";
import type { Terms } from "./terms.ts";

export const API_KEY_PATTERN = /^fk_[A-Za-z0-9_-]{43}$/;
const RANDOM_BYTES = 32;
const PREFIX_LENGTH = 7;

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
  /** Absent: for everything its tenant may do. */
  readonly scopes?: KeyScopes;
  /** Absent: its tenant's. */
  readonly dataClass?: DataClass;
  /** Beside its tenant's. Absent: none of its own. */
  readonly terms?: Terms;
}

export interface ApiKeyStore {
  /** Undefined when no such key exists. Throws `dependency_unavailable` when the store does not answer. */
  find(hash: string): Promise<ApiKeyRecord | undefined>;
  put(record: ApiKeyRecord): Promise<void>;
}

/** For those who manage keys. Lists by reading the whole table: a few thousand keys, a few times a day. */
export interface ApiKeyDirectory extends ApiKeyStore {
  /** Newest last. */
  list(tenant: string): Promise<readonly ApiKeyRecord[]>;
  remove(hash: string): Promise<void>;
}

/** `randomBytes`: 32 bytes of a cryptographic source, used for nothing else. */
export function generateApiKey(randomBytes: Uint8Array): string {
  if (randomBytes.length !== RANDOM_BYTES) {
    throw new RangeError(`an API key is made of ${RANDOM_BYTES} random bytes; received ${randomBytes.length}`);
  }
  return `fk_${Buffer.from(randomBytes.buffer, randomBytes.byteOffset, randomBytes.length).toString("base64url")}`;
}

/** SHA-256 in lower-case hex: what is stored, looked up and cached in place of the key. */
export const hashApiKey = (key: string): string => hash("sha256", key, "hex");

/** What may stand in lists, logs and usage lines. */
export const apiKeyPrefix = (key: string): string => key.slice(0, PREFIX_LENGTH);
