import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { administeredTable } from "../../../adapters/dynamodb/administered-table.ts";
import { accountDirectoryOn, accountStoreOn } from "../../../adapters/dynamodb/lease-table.ts";
import { signedTable } from "../../../adapters/dynamodb/signed-table.ts";
import { NEW_ACCOUNT } from "../../../core/metering/leases/account.ts";
import type { AccountStore } from "../../../core/metering/leases/account-store.ts";
import { ACCOUNT, accountStoreSuite } from "../../contract/account-store.suite.ts";
import { type ServingWorld, startServingWorld, TENANTS_TABLE } from "../serving-world.ts";

const TABLE = `arn:aws:dynamodb:us-east-1:123456789012:table/${TENANTS_TABLE}`;

let world: ServingWorld;
let store: AccountStore;
beforeAll(async () => {
  world = await startServingWorld([
    { Effect: "Allow", Action: ["dynamodb:GetItem"], Resource: [TABLE] },
    {
      Effect: "Allow",
      Action: ["dynamodb:PutItem"],
      Resource: [TABLE],
      Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["budget#*"] } },
    },
  ]);
  store = accountStoreOn(signedTable(clientFromEnvironment("dynamodb", world.variables), TENANTS_TABLE));
});
afterAll(() => world.stop());

accountStoreSuite(() => store);

test("an item outlives the month whose budget it counts", async () => {
  await store.write("tenant#ttl", ACCOUNT);
  const Key = { pk: { S: "budget#tenant#ttl" } };
  const { Item } = await world.dynamodb.send(new GetItemCommand({ TableName: TENANTS_TABLE, Key }));
  expect(Number(Item?.ttl?.N) * 1000).toBeGreaterThan(Date.UTC(2026, 11, 31));
});

test("eight open leases fit in two write units", async () => {
  const lease = Object.values(ACCOUNT.leases)[0] as (typeof ACCOUNT.leases)[string];
  const names = Array.from({ length: 8 }, (_, index) => `0123456789abcde${index}`);
  await store.write("tenant#eight", { ...ACCOUNT, leases: Object.fromEntries(names.map((name) => [name, lease])) });
  const Key = { pk: { S: "budget#tenant#eight" } };
  const { Item } = await world.dynamodb.send(new GetItemCommand({ TableName: TENANTS_TABLE, Key }));
  const bytes = Object.entries(Item ?? {}).reduce(
    (sum, [name, value]) => sum + name.length + JSON.stringify(value).length,
    0,
  );
  expect(bytes).toBeLessThan(2_048);
});

test("the reconciler finds every account, and a deleted tenant's is gone", async () => {
  const directory = accountDirectoryOn(administeredTable(world.dynamodb, TENANTS_TABLE));
  await store.write("tenant#listed", ACCOUNT);
  expect(await directory.list()).toContainEqual({ id: "tenant#listed", account: ACCOUNT });
  await directory.remove("tenant#listed");
  expect(await store.read("tenant#listed")).toEqual(NEW_ACCOUNT);
});

test("a damaged item is a fault that names it, never an empty account", async () => {
  const table = signedTable(clientFromEnvironment("dynamodb", world.variables), TENANTS_TABLE);
  await table.put({ pk: { S: "budget#tenant#broken" }, revision: { N: "1" } });
  await expect(store.read("tenant#broken")).rejects.toThrow("budget#tenant#broken");
});

test("who may write budgets may write nothing else in their table: no key, no tenant", async () => {
  const table = signedTable(clientFromEnvironment("dynamodb", world.variables), TENANTS_TABLE);
  for (const pk of ["key#aa", "tenant#acme", "budget"]) {
    await expect(table.put({ pk: { S: pk } })).rejects.toMatchObject({ code: "AccessDeniedException" });
  }
});
