import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { apiKeyReaderOn } from "../../../adapters/dynamodb/api-key-table.ts";
import { signedTable } from "../../../adapters/dynamodb/signed-table.ts";
import type { ApiKeyRecord, ApiKeyStore } from "../../../core/tenants/key.ts";
import { type ServingWorld, startServingWorld, TENANTS_TABLE } from "../serving-world.ts";

let world: ServingWorld;
beforeAll(async () => {
  world = await startServingWorld();
});
afterAll(() => world.stop());

const RECORD: ApiKeyRecord = {
  hash: "0a".repeat(32),
  tenant: "acme",
  name: "production",
  prefix: "fk_Ab3d",
  createdAt: "2026-11-24T00:00:00.000Z",
  state: "active",
};

describe.each(["sdk", "signed"])("reading through %s", (kind) => {
  let reader: Pick<ApiKeyStore, "find">;
  beforeAll(() => {
    const signed = signedTable(clientFromEnvironment("dynamodb", world.variables), TENANTS_TABLE);
    reader = kind === "sdk" ? world.keys : apiKeyReaderOn(signed);
  });

  test("a key is found by its hash, with and without an expiry, and can be revoked", async () => {
    expect(await reader.find("ff".repeat(32))).toBeUndefined();
    await world.keys.put(RECORD);
    expect(await reader.find(RECORD.hash)).toEqual(RECORD);
    const revoked: ApiKeyRecord = { ...RECORD, state: "revoked", expiresAt: "2027-01-01T00:00:00Z" };
    await world.keys.put(revoked);
    expect(await reader.find(RECORD.hash)).toEqual(revoked);
  });

  test("half a record opens nothing", async () => {
    const Item = { pk: { S: `key#${"bb".repeat(32)}` }, tenant: { S: "acme" }, prefix: { S: "fk_half" } };
    await world.dynamodb.send(new PutItemCommand({ TableName: TENANTS_TABLE, Item }));
    await expect(reader.find("bb".repeat(32))).rejects.toThrow("fk_half… lacks hash");
  });
});
