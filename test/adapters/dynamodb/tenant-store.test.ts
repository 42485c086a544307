import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { apiKeyReaderOn } from "../../../adapters/dynamodb/api-key-table.ts";
import { signedTable } from "../../../adapters/dynamodb/signed-table.ts";
import { tenantReaderOn } from "../../../adapters/dynamodb/tenant-table.ts";
import { makeKey } from "../../../core/tenants/manage-keys.ts";
import { deleteTenant } from "../../../core/tenants/manage-tenants.ts";
import { newTenant, type TenantRecord } from "../../../core/tenants/tenant.ts";
import { type ServingWorld, startServingWorld, TENANTS_TABLE } from "../serving-world.ts";

let world: ServingWorld;
beforeAll(async () => {
  world = await startServingWorld();
});
afterAll(() => world.stop());

const AT = "2026-11-24T12:00:00.000Z";
const terms = {
  budgets: { daily: { picodollars: 123_456_789_012_345_678_901n, enforcement: "hard" as const } },
  limits: { requestsPerSecond: 2.5, concurrency: 4 },
};
let seed = 1;
const randomBytes = () => new Uint8Array(32).fill(seed++);
const signed = () => signedTable(clientFromEnvironment("dynamodb", world.variables), TENANTS_TABLE);

test("a tenant comes back as it was written, to the picodollar, with and without the SDK", async () => {
  const record: TenantRecord = {
    ...newTenant("globex", AT, "restricted"),
    terms,
    debugUntil: AT,
    answerScope: "random",
  };
  await world.tenants.put(record);
  expect(await world.tenants.find("globex")).toEqual(record);
  expect(await tenantReaderOn(signed()).find("globex")).toEqual(record);
  expect(await tenantReaderOn(signed()).find("nobody")).toBeUndefined();
});

test("of two who change the same revision, the second is refused", async () => {
  const first = newTenant("raced", AT);
  await world.tenants.put(first);
  await expect(world.tenants.put(first)).rejects.toMatchObject({ name: "RevisionConflict" });
  await world.tenants.put({ ...first, revision: 2 });
  await expect(world.tenants.put({ ...first, revision: 2 })).rejects.toMatchObject({ name: "RevisionConflict" });
});

test("a key's scopes, data class and terms come back with and without the SDK", async () => {
  const options = { scopes: { models: ["sms-*"], routes: ["/v2/*"] }, dataClass: "restricted" as const, terms };
  const { record } = await makeKey({ tenant: "globex", name: "n", at: AT, draw: randomBytes }, options, world.keys);
  expect(await world.keys.find(record.hash)).toEqual(record);
  expect(await apiKeyReaderOn(signed()).find(record.hash)).toEqual(record);
});

test("keys are listed and removed by tenant; a deleted tenant leaves its name alone, with an end", async () => {
  for (const name of ["one", "two"]) await world.tenants.put(newTenant(name, AT));
  const mine = await makeKey({ tenant: "one", name: "a", at: AT, draw: randomBytes }, {}, world.keys);
  await makeKey({ tenant: "one", name: "b", at: "2026-11-25T00:00:00.000Z", draw: randomBytes }, {}, world.keys);
  const other = await makeKey({ tenant: "two", name: "c", at: AT, draw: randomBytes }, {}, world.keys);
  expect((await world.keys.list("one")).map(({ name }) => name)).toEqual(["a", "b"]);

  const removed = await deleteTenant("one", AT, { keys: world.keys, tenants: world.tenants, data: [] });
  expect(removed).toContainEqual({ what: "keys", count: 2 });
  expect(await world.keys.find(mine.record.hash)).toBeUndefined();
  expect(await world.keys.list("two")).toEqual([other.record]);
  expect(await world.tenants.find("one")).toMatchObject({ state: "deleted", deletedAt: AT });
  expect((await world.tenants.list()).map(({ name }) => name)).toEqual(expect.arrayContaining(["one", "two"]));
});
