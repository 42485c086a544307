import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import type { MetricRecorder } from "../../../local/cloudwatch/simulator.ts";
import { createDynamoDbSimulator } from "../../../local/dynamodb/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const recorded: { readonly name: string; readonly value: number; readonly table: string | undefined }[] = [];
const metrics: MetricRecorder = {
  recordMetric: ({ name, value, dimensions }) => void recorded.push({ name, value, table: dimensions.TableName }),
};
let endpoint: RunningEndpoint;
let client: DynamoDBClient;

beforeAll(async () => {
  endpoint = await startEndpoint((context) => [createDynamoDbSimulator(context, { metrics })]);
  await endpoint.create("AWS::DynamoDB::Table", "T", {
    TableName: "items",
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  });
  client = new DynamoDBClient(endpoint.asOperator);
});
beforeEach(() => void recorded.splice(0));
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});

const TableName = "items";
const item = (pk: string, bytes = 1) => ({ pk: { S: pk }, text: { S: "x".repeat(bytes) } });
const units = (kind: "Read" | "Write") =>
  recorded
    .filter(({ name, table }) => name === `Consumed${kind}CapacityUnits` && table === TableName)
    .reduce((sum, { value }) => sum + value, 0);

test("a write is a unit for each started kB, refused conditions included", async () => {
  await client.send(new PutItemCommand({ TableName, Item: item("a", 3_000) }));
  expect(units("Write")).toBe(3);
  await expect(
    client.send(new PutItemCommand({ TableName, Item: item("a"), ConditionExpression: "attribute_not_exists(pk)" })),
  ).rejects.toBeInstanceOf(ConditionalCheckFailedException);
  expect(units("Write")).toBe(4);
  const PutRequest = { Item: item("b") };
  await client.send(new BatchWriteItemCommand({ RequestItems: { items: [{ PutRequest }] } }));
  expect([units("Write"), units("Read")]).toEqual([5, 0]);
});

test("a read is half a unit for 4 kB, a consistent one a whole; scans by what they read", async () => {
  const Key = { pk: { S: "c" } };
  await client.send(new PutItemCommand({ TableName, Item: item("c", 5_000) }));
  await client.send(new GetItemCommand({ TableName, Key }));
  expect(units("Read")).toBe(1);
  await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  expect(units("Read")).toBe(3);
  await client.send(new ScanCommand({ TableName }));
  expect(units("Read")).toBeGreaterThan(3);
});

test("a caller is told of units when it asks, and only then", async () => {
  const Key = { pk: { S: "c" } };
  const plain = await client.send(new GetItemCommand({ TableName, Key }));
  expect(plain.ConsumedCapacity).toBeUndefined();
  const asked = await client.send(new GetItemCommand({ TableName, Key, ReturnConsumedCapacity: "TOTAL" }));
  expect(asked.ConsumedCapacity).toMatchObject({ TableName, CapacityUnits: 1 });
  expect(units("Read")).toBe(2);
});

test("a table tells how much lies in it", async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  expect(Table).toMatchObject({ TableName, ItemCount: 3 });
  expect(Table?.TableSizeBytes).toBe(3_000 + 1 + 5_000 + 3 * ("pk".length + 1 + "text".length));
});
