import { FarthingError } from "../../../core/errors.ts";
import { AUTHENTICATOR_LIMITS, createAuthenticator } from "../../../core/tenants/authenticator.ts";
import { type ApiKeyRecord, apiKeyPrefix, generateApiKey, hashApiKey } from "../../../core/tenants/key.ts";
import { newTenant, type TenantRecord } from "../../../core/tenants/tenant.ts";
import { knownCaller } from "./known-caller.ts";

const keyOf = (seed: number) => generateApiKey(new Uint8Array(32).fill(seed));
const KEY = keyOf(1);

function recordOf(key: string, overrides: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    hash: hashApiKey(key),
    tenant: "acme",
    name: "production",
    prefix: apiKeyPrefix(key),
    createdAt: "2026-01-01T00:00:00Z",
    state: "active",
    ...overrides,
  };
}

function world(records: readonly ApiKeyRecord[] = [recordOf(KEY)]) {
  let now = Date.parse("2026-11-24T12:00:00Z");
  const stored = new Map(records.map((record) => [record.hash, record]));
  const lookups: string[] = [];
  let isDown = false;
  const tenants = new Map<string, TenantRecord>([["acme", newTenant("acme", "2026-01-01T00:00:00Z")]]);
  const authenticator = createAuthenticator({
    keys: {
      async find(hash) {
        lookups.push(hash);
        if (isDown) throw new FarthingError("dependency_unavailable", "down", { retryAfterSeconds: 2 });
        return stored.get(hash);
      },
    },
    tenants: {
      async find(name) {
        if (isDown) throw new FarthingError("dependency_unavailable", "down", { retryAfterSeconds: 2 });
        return tenants.get(name);
      },
    },
    clock: () => now,
  });
  return {
    lookups,
    stored,
    tenants,
    pass: (millis: number) => {
      now += millis;
    },
    goDown: () => {
      isDown = true;
    },
    present: async (key: string) => authenticator.authenticate({ authorization: `Bearer ${key}` }),
    authenticate: async (headers: Record<string, string>) => authenticator.authenticate(headers),
  };
}

test.each([
  ["Authorization: Bearer", { authorization: `Bearer ${KEY}` }],
  ["any case of the scheme, more spaces", { authorization: `bearer   ${KEY} ` }],
  ["x-api-key", { "x-api-key": KEY }],
  ["Authorization first, when both are sent", { authorization: `Bearer ${KEY}`, "x-api-key": keyOf(9) }],
])("a key is taken from %s", async (_, headers) => {
  expect(await world().authenticate(headers as Record<string, string>)).toEqual(
    knownCaller({ keyPrefix: apiKeyPrefix(KEY), keyHash: hashApiKey(KEY) }),
  );
});

test("no key is told apart from a wrong one, and says how to send it", async () => {
  const none = await world().authenticate({});
  expect(none).toMatchObject({ type: "refused", error: { code: "missing_key" } });
  expect(await world().authenticate({ authorization: "" })).toMatchObject({ error: { code: "missing_key" } });
});

test("unknown, malformed, expired and revoked keys get one and the same answer", async () => {
  const [expired, revoked, unknown] = [keyOf(2), keyOf(3), keyOf(4)];
  const { present, authenticate } = world([
    recordOf(expired, { expiresAt: "2026-11-24T12:00:00Z" }),
    recordOf(revoked, { state: "revoked" }),
  ]);
  const answers = [
    await present(expired),
    await present(revoked),
    await present(unknown),
    await present("sk-something-else"),
    await authenticate({ authorization: "Basic dXNlcjpwYXNz" }),
  ];
  const errors = answers.map((answer) => (answer.type === "refused" ? answer.error : undefined));
  expect(new Set(errors.map((error) => `${error?.status} ${error?.code} ${error?.message}`)).size).toBe(1);
  expect(errors[0]?.code).toBe("invalid_key");
});

test("a malformed key never reaches the store", async () => {
  const { present, lookups } = world();
  await present("fk_short");
  await present(`${KEY}x`);
  expect(lookups).toEqual([]);
});

test("the store is asked by hash, once a minute", async () => {
  const { present, lookups, pass } = world();
  await present(KEY);
  pass(AUTHENTICATOR_LIMITS.refreshAfterMillis);
  await present(KEY);
  expect(lookups).toEqual([hashApiKey(KEY)]);
  pass(AUTHENTICATOR_LIMITS.knownForMillis);
  await present(KEY);
  expect(lookups).toHaveLength(2);
});

test("a revoked key stops working within a minute", async () => {
  const { present, stored, pass } = world();
  await present(KEY);
  stored.set(hashApiKey(KEY), recordOf(KEY, { state: "revoked" }));
  pass(AUTHENTICATOR_LIMITS.knownForMillis + 1);
  expect(await present(KEY)).toMatchObject({ type: "refused", error: { code: "invalid_key" } });
});

test("a key expires by the clock, also while it is remembered", async () => {
  const { present, pass } = world([recordOf(KEY, { expiresAt: "2026-11-24T12:00:10Z" })]);
  expect(await present(KEY)).toMatchObject({ type: "known" });
  pass(10_000);
  expect(await present(KEY)).toMatchObject({ type: "refused" });
});

test("an expiry that is no date opens nothing", async () => {
  expect(await world([recordOf(KEY, { expiresAt: "soon" })]).present(KEY)).toMatchObject({ type: "refused" });
});

test("while the store is down, remembered keys go on for their minute; others hear when to come back", async () => {
  const { present, goDown, pass } = world();
  await present(KEY);
  goDown();
  pass(AUTHENTICATOR_LIMITS.knownForMillis - 1);
  expect(await present(KEY)).toMatchObject({ type: "known" });
  await expect(present(keyOf(8))).rejects.toMatchObject({ code: "dependency_unavailable", retryAfterSeconds: 2 });
  pass(2);
  await expect(present(KEY)).rejects.toMatchObject({ code: "dependency_unavailable" });
});

test("an unknown key is believed unknown for ten seconds", async () => {
  const { present, stored, lookups, pass } = world([]);
  await present(KEY);
  stored.set(hashApiKey(KEY), recordOf(KEY));
  pass(AUTHENTICATOR_LIMITS.unknownForMillis);
  expect(await present(KEY)).toMatchObject({ type: "refused" });
  expect(lookups).toHaveLength(1);
  pass(1);
  expect(await present(KEY)).toMatchObject({ type: "known" });
});

test("a flood of wrong keys costs a remembered key nothing", async () => {
  const { present, lookups } = world();
  await present(KEY);
  for (let index = 0; index < AUTHENTICATOR_LIMITS.capacity + 10; index++) {
    await present(
      generateApiKey(Uint8Array.from({ length: 32 }, (_, at) => (at < 2 ? (index >> (8 * at)) & 255 : 200))),
    );
  }
  const before = lookups.length;
  await present(KEY);
  expect(lookups).toHaveLength(before);
});

test("what a key and its tenant say is carried together: both terms, the stricter data class", async () => {
  const bounded = { budgets: {}, limits: { concurrency: 3 } };
  const { present, tenants } = world([
    recordOf(KEY, { scopes: { models: ["digits"] }, dataClass: "restricted", terms: bounded }),
    recordOf(keyOf(2), { dataClass: "open" }),
  ]);
  expect(await present(KEY)).toMatchObject({
    scopes: { models: ["digits"] },
    dataClass: "restricted",
    terms: { tenant: { budgets: {}, limits: {} }, key: bounded },
  });
  tenants.set("acme", { ...(tenants.get("acme") as TenantRecord), dataClass: "restricted" });
  const later = world([recordOf(keyOf(2), { dataClass: "open" })]);
  later.tenants.set("acme", tenants.get("acme") as TenantRecord);
  expect(await later.present(keyOf(2))).toMatchObject({ dataClass: "restricted" });
});

test("the keys of a deleted tenant stop within a minute, those of one that never was at once", async () => {
  const { present, tenants, pass } = world();
  expect(await present(KEY)).toMatchObject({ type: "known" });
  tenants.set("acme", { ...(tenants.get("acme") as TenantRecord), state: "deleted" });
  pass(AUTHENTICATOR_LIMITS.knownForMillis + 1);
  expect(await present(KEY)).toMatchObject({ type: "refused", error: { code: "invalid_key" } });

  const orphan = world([recordOf(KEY, { tenant: "nobody" })]);
  expect(await orphan.present(KEY)).toMatchObject({ type: "refused", error: { code: "invalid_key" } });
});

test("new terms of a tenant hold within a minute, for all of its keys", async () => {
  const { present, tenants, pass } = world([recordOf(KEY), recordOf(keyOf(2))]);
  await present(KEY);
  await present(keyOf(2));
  const terms = { budgets: {}, limits: { requestsPerSecond: 5 } };
  tenants.set("acme", { ...(tenants.get("acme") as TenantRecord), terms });
  pass(AUTHENTICATOR_LIMITS.knownForMillis + 1);
  for (const key of [KEY, keyOf(2)]) expect(await present(key)).toMatchObject({ terms: { tenant: terms } });
});

test("a refused key is looked up exactly as often as an unknown one", async () => {
  const [revoked, expired, unknown] = [keyOf(2), keyOf(3), keyOf(4)];
  const { present, lookups, pass } = world([
    recordOf(revoked, { state: "revoked" }),
    recordOf(expired, { expiresAt: "2026-11-24T11:00:00Z" }),
  ]);
  for (const wait of [0, 1, AUTHENTICATOR_LIMITS.unknownForMillis, 5_000, 40_000, 61_000]) {
    pass(wait);
    for (const key of [revoked, expired, unknown]) expect(await present(key)).toMatchObject({ type: "refused" });
  }
  const count = (key: string) => lookups.filter((hash) => hash === hashApiKey(key)).length;
  expect([count(revoked), count(expired)]).toEqual([count(unknown), count(unknown)]);
  expect(count(unknown)).toBeGreaterThan(2);
});

test.each([
  ["10 kB", `Bearer fk_${"a".repeat(10_240)}`],
  ["10 kB of spaces", `Bearer ${" ".repeat(10_240)}x`],
  ["a line feed", `Bearer ${KEY}\nx-api-key: ${KEY}`],
  ["a carriage return", `Bearer ${KEY}\r\n`],
  ["a NUL", `Bearer ${KEY}\0`],
  ["a full-width letter", `Bearer ${KEY.replace("fk", "ｆk")}`],
  ["a Cyrillic letter", `Bearer fк${KEY.slice(2)}`],
  ["a look-alike of the underscore", `Bearer fk＿${KEY.slice(3)}`],
  ["a zero-width joiner", `Bearer ${KEY.slice(0, 9)}\u200d${KEY.slice(9)}`],
  ["a no-break space for the space", `Bearer\u00a0${KEY}`],
  ["two keys", `Bearer ${KEY},${KEY}`],
  ["quotation marks", `Bearer "${KEY}"`],
  ["percent escapes", `Bearer ${KEY.replace("_", "%5F")}`],
  ["another case", `Bearer ${KEY.toUpperCase()}`],
])("a key with %s is no key, and nobody is asked about it", async (_, authorization) => {
  const { authenticate, lookups } = world();
  expect(await authenticate({ authorization })).toMatchObject({ type: "refused", error: { code: "invalid_key" } });
  expect(lookups).toEqual([]);
});
