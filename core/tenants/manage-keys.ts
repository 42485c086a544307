/** What an operator does with a tenant's keys: make, rotate, revoke. */
import { type IssuedKey, issueKey, type KeyOptions } from "./issue-key.ts";
import type { ApiKeyDirectory, ApiKeyRecord } from "./key.ts";

export interface KeyRequest {
  readonly tenant: string;
  readonly name: string;
  readonly at: string;
  /** 32 bytes of a cryptographic source; called again when the prefix is taken. */
  draw(): Uint8Array;
}

/** Prefixes name keys in lists, logs and usage records: within a tenant no two are alike. */
export async function makeKey(request: KeyRequest, options: KeyOptions, keys: ApiKeyDirectory): Promise<IssuedKey> {
  const taken = new Set((await keys.list(request.tenant)).map(({ prefix }) => prefix));
  let issued: IssuedKey;
  do {
    issued = issueKey({ ...request, randomBytes: request.draw() }, options);
  } while (taken.has(issued.record.prefix));
  await keys.put(issued.record);
  return issued;
}

/** A new key with all that the old one has; the old one goes on until `graceEndsAt`, or its own end if that is sooner. */
export async function rotateKey(
  request: Omit<KeyRequest, "name"> & { readonly prefix: string; readonly graceEndsAt: string },
  keys: ApiKeyDirectory,
): Promise<{ readonly issued: IssuedKey; readonly old: ApiKeyRecord }> {
  const old = await requireKey(request.tenant, request.prefix, keys);
  if (isOver(old, request.at)) throw new Error(`the key ${old.prefix} does not work any more: make a new one`);
  const { name, scopes, dataClass, terms } = old;
  const options: KeyOptions = {
    ...(scopes && { scopes }),
    ...(dataClass && { dataClass }),
    ...(terms && { terms }),
  };
  const issued = await makeKey({ ...request, name }, options, keys);
  const endsSooner = old.expiresAt !== undefined && Date.parse(old.expiresAt) < Date.parse(request.graceEndsAt);
  const ending = endsSooner ? old : { ...old, expiresAt: request.graceEndsAt };
  await keys.put(ending);
  return { issued, old: ending };
}

export async function revokeKey(tenant: string, prefix: string, keys: ApiKeyDirectory): Promise<ApiKeyRecord> {
  const revoked: ApiKeyRecord = { ...(await requireKey(tenant, prefix, keys)), state: "revoked" };
  await keys.put(revoked);
  return revoked;
}

/** `prefix`: as lists show it, or the first characters of it. Throws an Error with the keys there are. */
export async function requireKey(tenant: string, prefix: string, keys: ApiKeyDirectory): Promise<ApiKeyRecord> {
  const all = await keys.list(tenant);
  const found = all.filter((key) => key.prefix.startsWith(prefix));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = all.map(({ prefix, name }) => `${prefix} (${name})`).join(", ") || "none";
  throw new Error(
    `${found.length === 0 ? "no" : "more than one"} key of "${tenant}" begins with "${prefix}"; there is: ${names}`,
  );
}

const isOver = ({ state, expiresAt }: ApiKeyRecord, at: string): boolean =>
  state !== "active" || (expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(at));
