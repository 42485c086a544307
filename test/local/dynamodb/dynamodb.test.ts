import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { createDynamoDbSimulator } from "../../../local/dynamodb/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const TABLE = {
  TableName: "registry",
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "S" },
  ],
  BillingMode: "PAY_PER_REQUEST",
};
const TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/registry";

let endpoint: RunningEndpoint;
let operator: DynamoDBClient;

beforeAll(async () => {
  endpoint = await startEndpoint((context) => [createDynamoDbSimulator(context)]);
  await endpoint.create("AWS::DynamoDB::Table", "Registry", TABLE);
  operator = new DynamoDBClient(endpoint.asOperator);
});
afterAll(async () => {
  operator.destroy();
  await endpoint.stop();
});

const key = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } });

test("items are written, read, queried, scanned, updated and deleted", async () => {
  const item = { ...key("models", "digits"), revision: { N: "1" }, bytes: { B: new Uint8Array([1, 2, 255]) } };
  await operator.send(new PutItemCommand({ TableName: "registry", Item: item }));
  await operator.send(new PutItemCommand({ TableName: "registry", Item: key("models", "sms-spam") }));
  const read = await operator.send(new GetItemCommand({ TableName: "registry", Key: key("models", "digits") }));
  expect(read.Item).toEqual(item);

  const found = await operator.send(
    new QueryCommand({
      TableName: "registry",
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: { ":pk": { S: "models" }, ":prefix": { S: "sms" } },
    }),
  );
  expect(found.Items?.map(({ sk }) => sk?.S)).toEqual(["sms-spam"]);

  const updated = await operator.send(
    new UpdateItemCommand({
      TableName: "registry",
      Key: key("models", "digits"),
      UpdateExpression: "SET revision = revision + :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
      ReturnValues: "ALL_NEW",
    }),
  );
  expect(updated.Attributes?.revision).toEqual({ N: "2" });
  const scanned = await operator.send(new ScanCommand({ TableName: "registry" }));
  expect(scanned.Count).toBe(2);

  await operator.send(new DeleteItemCommand({ TableName: "registry", Key: key("models", "sms-spam") }));
  const gone = await operator.send(new GetItemCommand({ TableName: "registry", Key: key("models", "sms-spam") }));
  expect(gone.Item).toBeUndefined();
});

test("of 200 concurrent conditional writes, one wins each revision", async () => {
  const writers = 200;
  const put = (revision: number, writer: number) =>
    operator
      .send(
        new PutItemCommand({
          TableName: "registry",
          Item: { ...key("lock", "model"), revision: { N: String(revision) }, writer: { N: String(writer) } },
          ConditionExpression: revision === 1 ? "attribute_not_exists(pk)" : "revision = :before",
          ...(revision === 1 ? {} : { ExpressionAttributeValues: { ":before": { N: String(revision - 1) } } }),
        }),
      )
      .then(
        () => "won" as const,
        (error: unknown) => {
          if (error instanceof ConditionalCheckFailedException) return "lost" as const;
          throw error;
        },
      );
  for (let revision = 1; revision <= 3; revision++) {
    const outcomes = await Promise.all(Array.from({ length: writers }, (_, writer) => put(revision, writer)));
    expect(outcomes.filter((outcome) => outcome === "won")).toHaveLength(1);
    const stored = await operator.send(new GetItemCommand({ TableName: "registry", Key: key("lock", "model") }));
    expect(stored.Item?.writer?.N).toBe(String(outcomes.indexOf("won")));
    expect(stored.Item?.revision?.N).toBe(String(revision));
  }
});

test("a failed condition answers the stored item when asked", async () => {
  await operator.send(new PutItemCommand({ TableName: "registry", Item: { ...key("held", "x"), owner: { S: "a" } } }));
  const attempt = operator.send(
    new PutItemCommand({
      TableName: "registry",
      Item: key("held", "x"),
      ConditionExpression: "attribute_not_exists(pk)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }),
  );
  await expect(attempt).rejects.toMatchObject({
    name: "ConditionalCheckFailedException",
    Item: { ...key("held", "x"), owner: { S: "a" } },
  });
});

test("a caller without permission gets AWS's sentence, for the table and action that lack it", async () => {
  const reader = new DynamoDBClient(
    await endpoint.asRole([{ Effect: "Allow", Action: "dynamodb:GetItem", Resource: TABLE_ARN }], "reader"),
  );
  await reader.send(new GetItemCommand({ TableName: "registry", Key: key("a", "b") }));
  await expect(reader.send(new PutItemCommand({ TableName: "registry", Item: key("a", "b") }))).rejects.toMatchObject({
    name: "AccessDeniedException",
    message: `User: arn:aws:sts::123456789012:assumed-role/reader/session is not authorized to perform: dynamodb:PutItem on resource: ${TABLE_ARN} because no identity-based policy allows the dynamodb:PutItem action`,
    $metadata: { httpStatusCode: 400 },
  });
  const query = new QueryCommand({
    TableName: "registry",
    IndexName: "by-date",
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": { S: "x" } },
  });
  await expect(reader.send(query)).rejects.toThrow(`on resource: ${TABLE_ARN}/index/by-date because`);
  reader.destroy();
});

test("a batch needs the permission for each of its tables", async () => {
  await endpoint.create("AWS::DynamoDB::GlobalTable", "Other", { ...TABLE, TableName: "other" });
  const one = new DynamoDBClient(
    await endpoint.asRole([{ Effect: "Allow", Action: "dynamodb:Batch*", Resource: TABLE_ARN }]),
  );
  const write = { PutRequest: { Item: key("batch", "1") } };
  await one.send(new BatchWriteItemCommand({ RequestItems: { registry: [write] } }));
  const both = new BatchWriteItemCommand({ RequestItems: { registry: [write], other: [write] } });
  await expect(one.send(both)).rejects.toThrow("table/other");
  const read = await one.send(new BatchGetItemCommand({ RequestItems: { registry: { Keys: [key("batch", "1")] } } }));
  expect(read.Responses?.registry).toEqual([key("batch", "1")]);
  one.destroy();
});

describe("dynamodb:LeadingKeys", () => {
  let tenant: DynamoDBClient;
  beforeAll(async () => {
    const condition = { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["tenant#1"] } };
    tenant = new DynamoDBClient(
      await endpoint.asRole([
        {
          Effect: "Allow",
          Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:BatchGetItem"],
          Resource: TABLE_ARN,
          Condition: condition,
        },
      ]),
    );
  });
  afterAll(() => tenant.destroy());

  const queryOf = (pk: string) =>
    new QueryCommand({
      TableName: "registry",
      KeyConditionExpression: "#p = :p",
      ExpressionAttributeNames: { "#p": "pk" },
      ExpressionAttributeValues: { ":p": { S: pk } },
    });

  test("its own partition is open", async () => {
    await tenant.send(new PutItemCommand({ TableName: "registry", Item: key("tenant#1", "a") }));
    await tenant.send(new GetItemCommand({ TableName: "registry", Key: key("tenant#1", "a") }));
    expect((await tenant.send(queryOf("tenant#1"))).Count).toBe(1);
  });

  test("another partition is closed, also inside a batch", async () => {
    const denied = { name: "AccessDeniedException" };
    await expect(
      tenant.send(new GetItemCommand({ TableName: "registry", Key: key("tenant#2", "a") })),
    ).rejects.toMatchObject(denied);
    await expect(
      tenant.send(new PutItemCommand({ TableName: "registry", Item: key("tenant#2", "a") })),
    ).rejects.toMatchObject(denied);
    await expect(tenant.send(queryOf("tenant#2"))).rejects.toMatchObject(denied);
    const batch = { registry: { Keys: [key("tenant#1", "a"), key("tenant#2", "a")] } };
    await expect(tenant.send(new BatchGetItemCommand({ RequestItems: batch }))).rejects.toMatchObject(denied);
  });
});

test("an index is made, queried in its own order, and guarded by its own ARN", async () => {
  await endpoint.create("AWS::DynamoDB::Table", "Indexed", {
    ...TABLE,
    TableName: "indexed",
    AttributeDefinitions: [...TABLE.AttributeDefinitions, { AttributeName: "at", AttributeType: "N" }],
    GlobalSecondaryIndexes: [
      {
        IndexName: "by-time",
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "at", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "ALL" },
      },
    ],
  });
  for (const at of [5, -3, 20]) {
    const Item = { ...key("t", `item ${at}`), at: { N: String(at) } };
    await operator.send(new PutItemCommand({ TableName: "indexed", Item }));
  }
  const reader = new DynamoDBClient(
    await endpoint.asRole([
      { Effect: "Allow", Action: "dynamodb:Query", Resource: "arn:aws:dynamodb:*:*:table/indexed/index/by-time" },
    ]),
  );
  const query = { KeyConditionExpression: "pk = :pk", ExpressionAttributeValues: { ":pk": { S: "t" } } };
  const found = await reader.send(new QueryCommand({ TableName: "indexed", IndexName: "by-time", ...query }));
  expect(found.Items?.map(({ at }) => at?.N)).toEqual(["-3", "5", "20"]);
  await expect(reader.send(new QueryCommand({ TableName: "indexed", ...query }))).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
  reader.destroy();
});

test("mistakes are answered as the service answers them", async () => {
  await expect(operator.send(new GetItemCommand({ TableName: "absent", Key: key("a", "b") }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
  await expect(
    operator.send(new GetItemCommand({ TableName: "registry", Key: { pk: { S: "only" } } })),
  ).rejects.toMatchObject({
    name: "ValidationException",
    message: "The provided key element does not match the schema",
  });
  await expect(operator.send(new TransactWriteItemsCommand({ TransactItems: [] }))).rejects.toThrow(
    "TransactWriteItems is not simulated here",
  );
});

test("input that the emulator itself stumbles over is the caller's fault, not a fault of the platform", async () => {
  const client = new DynamoDBClient(endpoint.asOperator);
  client.middlewareStack.add(
    (next) => (args) => {
      const message = args.request as { body: string; headers: Record<string, string> };
      message.body = JSON.stringify({ TableName: "registry", Key: { pk: null } });
      message.headers["content-length"] = String(message.body.length);
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  await expect(client.send(new GetItemCommand({ TableName: "registry", Key: key("a", "b") }))).rejects.toMatchObject({
    name: "SerializationException",
    $metadata: { httpStatusCode: 400 },
  });
  client.destroy();
});

test("an index that a template adds to a table of an earlier run has the items that were there", async () => {
  const running = await startEndpoint((context) => [createDynamoDbSimulator(context)]);
  const client = new DynamoDBClient(running.asOperator);
  const plain = {
    TableName: "grown",
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  };
  await running.create("AWS::DynamoDB::Table", "Table", plain);
  const items = Array.from({ length: 30 }, (_, n) => ({
    pk: { S: `item-${n}` },
    ...(n % 3 === 0 && { colour: { S: "red" } }),
  }));
  for (const Item of items) await client.send(new PutItemCommand({ TableName: "grown", Item }));
  await running.create("AWS::DynamoDB::Table", "Table", {
    ...plain,
    AttributeDefinitions: [...plain.AttributeDefinitions, { AttributeName: "colour", AttributeType: "S" }],
    GlobalSecondaryIndexes: [
      {
        IndexName: "colours",
        KeySchema: [{ AttributeName: "colour", KeyType: "HASH" }],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  });
  const { Count } = await client.send(new ScanCommand({ TableName: "grown" }));
  const { Items } = await client.send(
    new QueryCommand({
      TableName: "grown",
      IndexName: "colours",
      KeyConditionExpression: "colour = :red",
      ExpressionAttributeValues: { ":red": { S: "red" } },
    }),
  );
  expect([Count, Items?.length]).toEqual([30, 10]);
  client.destroy();
  await running.stop();
});

test("tables and items outlive the process's own memory", async () => {
  const stateDirectory = mkdtempSync(join(tmpdir(), "farthing-test-"));
  const run = async (work: (client: DynamoDBClient, running: RunningEndpoint) => Promise<void>) => {
    const running = await startEndpoint((context) => [createDynamoDbSimulator(context)], { stateDirectory });
    const client = new DynamoDBClient(running.asOperator);
    await running.create("AWS::DynamoDB::Table", "Table", { ...TABLE, TableName: undefined });
    await work(client, running);
    client.destroy();
    await running.stop();
  };
  let name = "";
  await run(async (client) => {
    const { TableNames } = await client.send(new ListTablesCommand({}));
    expect(TableNames).toHaveLength(1);
    name = TableNames?.[0] ?? "";
    expect(name).toMatch(/^test-Table-[0-9a-f]{8}$/);
    await client.send(new PutItemCommand({ TableName: name, Item: key("kept", "1") }));
  });
  await run(async (client, running) => {
    const { Item } = await client.send(new GetItemCommand({ TableName: name, Key: key("kept", "1") }));
    expect(Item).toEqual(key("kept", "1"));
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    expect(Table?.TableArn).toBe(`arn:aws:dynamodb:us-east-1:123456789012:table/${name}`);
    const changed = { ...TABLE, TableName: name, KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }] };
    changed.AttributeDefinitions = changed.AttributeDefinitions.slice(0, 1);
    await expect(running.create("AWS::DynamoDB::Table", "Table", changed)).rejects.toThrow("other keys or indexes");
    // A second platform on the same state must not corrupt it.
    await expect(startEndpoint((context) => [createDynamoDbSimulator(context)], { stateDirectory })).rejects.toThrow(
      "in use by another running platform",
    );
  });
  rmSync(stateDirectory, { recursive: true, force: true });
});
