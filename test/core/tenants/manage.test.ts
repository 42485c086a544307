import { RevisionConflict } from "../../../core/models/registry.ts";
import { hashApiKey } from "../../../core/tenants/key.ts";
import { makeKey, requireKey, revokeKey, rotateKey } from "../../../core/tenants/manage-keys.ts";
import { changeTenant, createTenant, deleteTenant, requireTenant } from "../../../core/tenants/manage-tenants.ts";
import { memoryDirectories } from "./memory-directories.ts";

const AT = "2026-11-24T12:00:00.000Z";
let seed = 1;
const randomBytes = () => new Uint8Array(32).fill(seed++);
const request = (name = "first") => ({ tenant: "acme", name, at: AT, draw: randomBytes });

test("creating a tenant twice makes it once; another data class is not taken in silence", async () => {
  const { tenants } = memoryDirectories();
  expect(await createTenant("acme", { at: AT, answerScope: "first" }, tenants)).toMatchObject({ created: true });
  expect(await createTenant("acme", { at: AT, answerScope: "first" }, tenants)).toMatchObject({
    created: false,
    tenant: { revision: 1 },
  });
  await expect(
    createTenant("acme", { at: AT, answerScope: "other", dataClass: "restricted" }, tenants),
  ).rejects.toThrow("data class is open, not restricted");
});

test("a change that meets another one is made again on what that one wrote", async () => {
  const { tenants } = memoryDirectories();
  await createTenant("acme", { at: AT, answerScope: "first" }, tenants);
  let raced = false;
  const racing = {
    ...tenants,
    put: async (record: Parameters<typeof tenants.put>[0]) => {
      if (!raced) {
        raced = true;
        const stored = await requireTenant("acme", tenants);
        await tenants.put({ ...stored, debugUntil: "2026-11-25T00:00:00Z", revision: stored.revision + 1 });
      }
      return tenants.put(record);
    },
  };
  const changed = await changeTenant("acme", (record) => ({ ...record, dataClass: "restricted" }), racing);
  expect(changed).toMatchObject({ dataClass: "restricted", debugUntil: "2026-11-25T00:00:00Z", revision: 3 });
});

test("prefixes are one of a kind within a tenant", async () => {
  const { keys } = memoryDirectories();
  const bytes = [new Uint8Array(32).fill(77), new Uint8Array(32).fill(77), new Uint8Array(32).fill(78)];
  const drawing = { ...request(), draw: () => bytes.shift() as Uint8Array };
  const first = await makeKey(drawing, {}, keys);
  const second = await makeKey(drawing, {}, keys);
  expect(second.record.prefix).not.toBe(first.record.prefix);
  expect(bytes).toEqual([]);
});

test("a rotated key keeps its scopes and terms; the old one ends after the grace, never later than before", async () => {
  const { keys } = memoryDirectories();
  const terms = { budgets: {}, limits: { concurrency: 2 } };
  const old = await makeKey(
    request(),
    { scopes: { models: ["digits"] }, terms, expiresAt: "2026-11-24T13:00:00Z" },
    keys,
  );
  const rotated = await rotateKey(
    { ...request(), prefix: old.record.prefix, graceEndsAt: "2026-11-24T12:30:00.000Z" },
    keys,
  );
  expect(rotated.issued.record).toMatchObject({
    scopes: { models: ["digits"] },
    terms,
    name: "first",
    state: "active",
  });
  expect(rotated.issued.record.expiresAt).toBeUndefined();
  expect(await keys.find(hashApiKey(old.key))).toMatchObject({
    expiresAt: "2026-11-24T12:30:00.000Z",
    state: "active",
  });

  const again = await rotateKey(
    { ...request(), prefix: old.record.prefix, graceEndsAt: "2027-01-01T00:00:00.000Z" },
    keys,
  );
  expect(again.old.expiresAt).toBe("2026-11-24T12:30:00.000Z");
  await revokeKey("acme", old.record.prefix, keys);
  await expect(rotateKey({ ...request(), prefix: old.record.prefix, graceEndsAt: AT }, keys)).rejects.toThrow(
    "does not work any more",
  );
});

test("a key is named by its first characters; a wrong name lists those there are", async () => {
  const { keys } = memoryDirectories();
  const { record } = await makeKey(request("backend"), {}, keys);
  expect(await requireKey("acme", record.prefix.slice(0, 5), keys)).toEqual(record);
  await expect(requireKey("acme", "fk_nope", keys)).rejects.toThrow(`there is: ${record.prefix} (backend)`);
  await expect(requireKey("other", record.prefix, keys)).rejects.toThrow("there is: none");
});

describe("deletion", () => {
  test("closes the tenant before anything else, and goes on after a failure", async () => {
    const { keys, tenants } = memoryDirectories();
    await createTenant("acme", { at: AT, answerScope: "first" }, tenants);
    await createTenant("other", { at: AT, answerScope: "first" }, tenants);
    const mine = await makeKey(request(), {}, keys);
    const theirs = await makeKey({ ...request(), tenant: "other" }, {}, keys);
    await changeTenant(
      "acme",
      (record) => ({ ...record, terms: { budgets: {}, limits: { concurrency: 1 } } }),
      tenants,
    );
    let fails = true;
    const records = {
      what: "usage records",
      remove: async () => {
        if (fails) throw new Error("throttled");
        return 12;
      },
    };
    const world = { keys, tenants, data: [records] };
    await expect(deleteTenant("acme", AT, world)).rejects.toThrow("throttled");
    const closed = await tenants.find("acme");
    expect(closed).toMatchObject({ state: "deleted", deletedAt: AT, terms: { limits: {} } });
    // Nothing names its cached answers any more.
    expect(JSON.stringify(closed)).not.toContain("first");

    fails = false;
    expect(await deleteTenant("acme", AT, world)).toContainEqual({ what: "usage records", count: 12 });
    expect(await keys.find(mine.record.hash)).toBeUndefined();
    expect(await keys.find(theirs.record.hash)).toBeDefined();
    await expect(requireTenant("acme", tenants)).rejects.toThrow("was deleted on");
    await expect(createTenant("acme", { at: AT, answerScope: "first" }, tenants)).rejects.toThrow("was deleted on");
  });

  test("a name that nobody has is no deletion", async () => {
    const { keys, tenants } = memoryDirectories();
    await expect(deleteTenant("nobody", AT, { keys, tenants, data: [] })).rejects.toThrow('no tenant "nobody"');
    expect(await tenants.list()).toEqual([]);
  });
});

test("a conflict that does not end is told", async () => {
  const { tenants } = memoryDirectories();
  await createTenant("acme", { at: AT, answerScope: "first" }, tenants);
  const stubborn = { ...tenants, put: () => Promise.reject(new RevisionConflict("raced")) };
  await expect(changeTenant("acme", (record) => record, stubborn)).rejects.toThrow("raced");
});
