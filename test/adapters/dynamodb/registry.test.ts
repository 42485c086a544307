import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { registryReaderOn } from "../../../adapters/dynamodb/registry-table.ts";
import { signedTable } from "../../../adapters/dynamodb/signed-table.ts";
import { type ModelRecord, type ModelRegistry, RevisionConflict } from "../../../core/models/registry.ts";
import { digestOf, modelOf, versionOf } from "../../core/serving/world.ts";
import { REGISTRY_TABLE, type ServingWorld, startServingWorld } from "../serving-world.ts";

let world: ServingWorld;
beforeAll(async () => {
  world = await startServingWorld();
});
afterAll(() => world.stop());

test("a record comes back as it was stored", async () => {
  const record = modelOf({ name: "stored" });
  await world.registry.put(record);
  expect(await world.registry.get("stored")).toEqual(record);
  expect(await world.registry.get("unknown")).toBeUndefined();
});

test("of two writers who read the same revision, the second is refused and what is stored stays", async () => {
  await world.registry.put(modelOf({ name: "contested" }));
  const second = modelOf({ name: "contested", revision: 2, live: digestOf("b") });
  await world.registry.put(second);
  const late = world.registry.put(modelOf({ name: "contested", revision: 2, live: digestOf("a") }));
  await expect(late).rejects.toThrow(RevisionConflict);
  await expect(world.registry.put(modelOf({ name: "contested", revision: 1 }))).rejects.toThrow(RevisionConflict);
  await expect(world.registry.put(modelOf({ name: "contested", revision: 4 }))).rejects.toThrow(RevisionConflict);
  expect(await world.registry.get("contested")).toEqual(second);
});

test("of many who write at once, exactly one wins each revision", async () => {
  const writers = Array.from({ length: 8 }, () => world.registry.put(modelOf({ name: "raced" })));
  const outcomes = await Promise.allSettled(writers);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

/** The CLI reads through the SDK, functions through signed requests of their own: both must see the same. */
describe.each(["sdk", "signed"])("reading through %s", (kind) => {
  let reader: Pick<ModelRegistry, "get" | "list">;
  beforeAll(() => {
    const signed = signedTable(clientFromEnvironment("dynamodb", world.variables), REGISTRY_TABLE);
    reader = kind === "sdk" ? world.registry : registryReaderOn(signed);
  });

  test("finds a model, and knows when there is none", async () => {
    const record = modelOf({ name: `read-by-${kind}` });
    await world.registry.put(record);
    expect(await reader.get(record.name)).toEqual(record);
    expect(await reader.get("nothing of that name")).toBeUndefined();
  });

  test("lists every model by name, over several pages", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `${kind}-page-${index}`);
    for (const name of [...names].reverse()) await world.registry.put(heavy(name));
    const listed = (await reader.list()).map(({ name }) => name);
    expect(listed.filter((name) => names.includes(name))).toEqual(names);
    expect(listed).toEqual([...listed].sort());
  });

  test("an item without a record is a fault that names the item", async () => {
    const item = { pk: { S: "models" }, sk: { S: `broken-${kind}` }, revision: { N: "1" } };
    await world.dynamodb.send(new PutItemCommand({ TableName: REGISTRY_TABLE, Item: item }));
    await expect(reader.get(`broken-${kind}`)).rejects.toThrow(`broken-${kind}`);
    const { DeleteItemCommand } = await import("@aws-sdk/client-dynamodb");
    const Key = { pk: item.pk, sk: item.sk };
    await world.dynamodb.send(new DeleteItemCommand({ TableName: REGISTRY_TABLE, Key }));
  });
});

/** A page of a query ends at 1 MB. */
function heavy(name: string): ModelRecord {
  const bulk = Array.from({ length: 900 }, (_, index) => `${name}-${index}-${"x".repeat(200)}`);
  const signature = {
    inputs: bulk.map((input) => ({ name: input, dataType: "FP32" as const, shape: [1] })),
    outputs: [],
  };
  return modelOf({ name, versions: [{ ...versionOf(digestOf("a")), signature }] });
}

test("a registry that does not answer is a dependency, with the cause for the log", async () => {
  const variables = { ...world.variables, AWS_SECRET_ACCESS_KEY: "wrong" };
  const reader = registryReaderOn(signedTable(clientFromEnvironment("dynamodb", variables), REGISTRY_TABLE));
  await expect(reader.get("digits")).rejects.toMatchObject({
    code: "dependency_unavailable",
    retryAfterSeconds: 2,
    cause: { name: "AwsServiceError" },
  });
});

test("the serving role may read and nothing else", async () => {
  const denied = await startServingWorld([]);
  const reader = registryReaderOn(signedTable(clientFromEnvironment("dynamodb", denied.variables), REGISTRY_TABLE));
  await expect(reader.get("digits")).rejects.toMatchObject({ cause: { code: "AccessDeniedException" } });
  await denied.stop();
});
