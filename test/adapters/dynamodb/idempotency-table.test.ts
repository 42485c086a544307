import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { administeredTable } from "../../../adapters/dynamodb/administered-table.ts";
import { onceDataOn, onceStoreOn } from "../../../adapters/dynamodb/idempotency-table.ts";
import { signedTable } from "../../../adapters/dynamodb/signed-table.ts";
import { streamsUnderWayOn } from "../../../adapters/dynamodb/streams-under-way.ts";
import { answerObjectsOn } from "../../../adapters/s3/answer-objects.ts";
import { objectDataOn } from "../../../adapters/s3/object-data.ts";
import { removeObjects } from "../../../adapters/s3/remove-objects.ts";
import { answerObjectsOf } from "../../../core/idempotency/kept-answer.ts";
import {
  type AnswerObjects,
  type OnceStore,
  type RunningRecord,
  STREAMS_INDEX,
  type StreamsUnderWay,
} from "../../../core/idempotency/once-record.ts";
import { onceStoreSuite } from "../../contract/once-store.suite.ts";
import { BUCKET, type ServingWorld, startServingWorld } from "../serving-world.ts";

const TABLE = "requests";

let world: ServingWorld;
let store: OnceStore;
let streams: StreamsUnderWay;
let objects: AnswerObjects;
beforeAll(async () => {
  world = await startServingWorld([
    {
      Effect: "Allow",
      Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
      Resource: [`arn:aws:dynamodb:us-east-1:123456789012:table/${TABLE}`],
    },
    {
      Effect: "Allow",
      Action: ["dynamodb:Query"],
      Resource: [`arn:aws:dynamodb:us-east-1:123456789012:table/${TABLE}/index/${STREAMS_INDEX.name}`],
    },
    { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: [`arn:aws:s3:::${BUCKET}/*`] },
  ]);
  await world.endpoint.create("AWS::DynamoDB::Table", "Requests", {
    TableName: TABLE,
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: STREAMS_INDEX.text, AttributeType: "S" },
      { AttributeName: STREAMS_INDEX.number, AttributeType: "N" },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: STREAMS_INDEX.name,
        KeySchema: [
          { AttributeName: STREAMS_INDEX.text, KeyType: "HASH" },
          { AttributeName: STREAMS_INDEX.number, KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
    BillingMode: "PAY_PER_REQUEST",
  });
  const table = signedTable(clientFromEnvironment("dynamodb", world.variables), TABLE);
  store = onceStoreOn(table);
  streams = streamsUnderWayOn(table);
  objects = answerObjectsOn(clientFromEnvironment("s3", world.variables), BUCKET);
});
afterAll(() => world.stop());

onceStoreSuite(
  () => store,
  () => streams,
);

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
  const records = onceDataOn(administeredTable(world.dynamodb as DynamoDBClient, TABLE));
  const large = objectDataOn({
    what: "large ones",
    prefixOf: answerObjectsOf,
    removeAll: (prefix) => removeObjects(world.s3, BUCKET, prefix),
  });
  expect(await records.remove("gone", [])).toBe(1);
  expect(await large.remove("gone", [])).toBe(1);
  expect(await large.remove("gone", [])).toBe(0);
  expect(await store.read({ tenant: "gone", id: "1" })).toBeUndefined();
  expect(await objects.get("gone/1")).toBeUndefined();
  expect(await store.read({ tenant: "gone-too", id: "1" })).toBeDefined();
  expect(await objects.get("gone-too/1")).toBeDefined();
});
