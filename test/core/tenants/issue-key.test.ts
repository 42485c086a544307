import { issueKey } from "../../../core/tenants/issue-key.ts";
import { API_KEY_PATTERN, hashApiKey } from "../../../core/tenants/key.ts";

const AT = "2026-11-24T12:00:00.000Z";
const request = { tenant: "acme", name: "backend", randomBytes: new Uint8Array(32).fill(7), at: AT };

test("the record knows the key by its hash alone", () => {
  const { key, record } = issueKey(request);
  expect(key).toMatch(API_KEY_PATTERN);
  expect(record).toEqual({
    hash: hashApiKey(key),
    tenant: "acme",
    name: "backend",
    prefix: key.slice(0, 7),
    createdAt: AT,
    state: "active",
  });
  expect(JSON.stringify(record)).not.toContain(key);
});

test.each(["", "-acme", "acme-", "Acme", "a b", "a".repeat(64), "tenant#1"])("%j is no tenant's name", (tenant) => {
  expect(() => issueKey({ ...request, tenant })).toThrow("is no tenant name");
});

test.each(["a", "acme", "acme-2", "a".repeat(63)])("%j is one", (tenant) => {
  expect(issueKey({ ...request, tenant }).record.tenant).toBe(tenant);
});
