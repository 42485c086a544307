import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { administeredTable } from "../../../adapters/dynamodb/administered-table.ts";
import { onceDataOn, onceStoreOn } from "../../../adapters/dynamodb/idempotency-table.ts";
import { signedTable } from "../../../adapters/dynamodb/signed-table.ts";
import { answerObjectsOn } from "../../../adapters/s3/answer-objects.ts";
import { removeObjects } from "../../../adapters/s3/remove-objects.ts";
import type { AnswerObjects, OnceStore, RunningRecord } from "../../../core/idempotency/once-record.ts";
import { onceStoreSuite } from "../../contract/once-store.suite.ts";
import { BUCKET, type ServingWorld, startServingWorld, TENANTS_TABLE } from "../serving-world.ts";

/** Any table with `pk` alone will do. */
const TABLE = TENANTS_TABLE;

let world: ServingWorld;
let store: OnceStore;
let objects: AnswerObjects;
beforeAll(async () => {
  world = await startServingWorld([
    {
      Effect: "Allow",
      Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
      Resource: [`arn:aws:dynamodb:us-east-1:123456789012:table/${TABLE}`],
    },
    { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: [`arn:aws:s3:::${BUCKET}/*`] },
  ]);
  store = onceStoreOn(signedTable(clientFromEnvironment("dynamodb", world.variables), TABLE));
  objects = answerObjectsOn(clientFromEnvironment("s3", world.variables), BUCKET);
});
afterAll(() => world.stop());

onceStoreSuite(() => store);

const RECORD: RunningRecord = {
  ...{ state: "running", token: "t", fingerprint: "f", requestId: "r", streams: false },
  expiresAtMillis: 1_800_000_000_123,
  aliveUntilMillis: 1,
};

test("an item ends with its record", async () => {
  await store.create({ tenant: "acme", id: "ttl" }, RECORD, 0);
  const { Item } = await world.dynamodb.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: "acme#ttl" } } }));
  expect(Number(Item?.ttl?.N)).toBe(1_800_000_001);
});

test("large answers come back as they were; one that is not there is none", async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  await objects.put("acme/a b", bytes);
  expect(Buffer.compare((await objects.get("acme/a b")) as Uint8Array, bytes)).toBe(0);
  expect(await objects.get("acme/none")).toBeUndefined();
});

test("what a tenant left goes with it, and only that", async () => {
  for (const tenant of ["gone", "gone-too"]) {
    await store.create({ tenant, id: "1" }, RECORD, 0);
    await objects.put(`${tenant}/1`, Buffer.from("x"));
  }
  const data = onceDataOn(administeredTable(world.dynamodb as DynamoDBClient, TABLE), {
    removeAll: (prefix) => removeObjects(world.s3, BUCKET, prefix),
  });
  expect(await data.remove("gone", [])).toBe(1);
  expect(await store.read({ tenant: "gone", id: "1" })).toBeUndefined();
  expect(await objects.get("gone/1")).toBeUndefined();
  expect(await store.read({ tenant: "gone-too", id: "1" })).toBeDefined();
  expect(await objects.get("gone-too/1")).toBeDefined();
});
