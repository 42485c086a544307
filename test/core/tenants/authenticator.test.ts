import { FarthingError } from "../../../core/errors.ts";
import { AUTHENTICATOR_LIMITS, createAuthenticator } from "../../../core/tenants/authenticator.ts";
import { type ApiKeyRecord, apiKeyPrefix, generateApiKey, hashApiKey } from "../../../core/tenants/key.ts";

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
  const authenticator = createAuthenticator(
    {
      async find(hash) {
        lookups.push(hash);
        if (isDown) throw new FarthingError("dependency_unavailable", "down", { retryAfterSeconds: 2 });
        return stored.get(hash);
      },
    },
    () => now,
  );
  return {
    lookups,
    stored,
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
  expect(await world().authenticate(headers as Record<string, string>)).toEqual({
    type: "known",
    tenant: "acme",
    keyPrefix: apiKeyPrefix(KEY),
  });
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
  expect(await present(KEY)).toMatchObject({ type: "refused", record: { tenant: "acme" } });
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
