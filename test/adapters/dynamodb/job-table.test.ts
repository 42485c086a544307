/** Jobs and wake-ups in a real table protocol, under the permissions of the router. */
import { randomBytes } from "node:crypto";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { administeredTable } from "../../../adapters/dynamodb/administered-table.ts";
import { batchDataOn, batchStoreOn } from "../../../adapters/dynamodb/batch-table.ts";
import { jobDataOn } from "../../../adapters/dynamodb/job-data.ts";
import { jobStoreOn } from "../../../adapters/dynamodb/job-table.ts";
import { signedTable } from "../../../adapters/dynamodb/signed-table.ts";
import { wakeStoreOn } from "../../../adapters/dynamodb/wake-table.ts";
import type { Job } from "../../../core/jobs/job.ts";
import { NEW_WAKE_STATE } from "../../../core/routing/wake/wake-state.ts";
import { REGISTRY_TABLE, type ServingWorld, startServingWorld } from "../serving-world.ts";

/** The registry's has the same keys as the table of jobs. */
const TABLE = `arn:aws:dynamodb:us-east-1:123456789012:table/${REGISTRY_TABLE}`;
const NOW = Date.UTC(2026, 10, 24);

let world: ServingWorld;
let table: ReturnType<typeof signedTable>;
beforeAll(async () => {
  const actions = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"];
  world = await startServingWorld([{ Effect: "Allow", Action: actions, Resource: [TABLE] }]);
  table = signedTable(clientFromEnvironment("dynamodb", world.variables), REGISTRY_TABLE);
});
afterAll(() => world.stop());

const jobOf = (id: string, overrides: Partial<Job> = {}): Job => ({
  id,
  tenant: "acme",
  keyHash: "hash",
  model: "big",
  status: "queued",
  revision: 1,
  mark: "m",
  request: { method: "POST", path: "/v1/chat/completions", query: {}, headers: {}, body: `acme/${id}/request` },
  createdAtMillis: NOW,
  deadlineMillis: NOW + 1_000,
  notBeforeMillis: NOW,
  runs: 0,
  failures: 0,
  ...overrides,
});

test("of two writers who read the same job, one is refused", async () => {
  const store = jobStoreOn(table, () => NOW);
  expect(await store.put(jobOf("job_1"))).toBe("written");
  expect(await store.put(jobOf("job_1"))).toBe("refused");
  const next = jobOf("job_1", { revision: 2, status: "running" });
  expect(await Promise.all([store.put(next), store.put(next)])).toEqual(expect.arrayContaining(["written", "refused"]));
  expect(await store.find("acme", "job_1")).toEqual(next);
  expect(await store.find("other", "job_1")).toBeUndefined();
});

test("bodies of any length come back as they were, and an incomplete one not at all", async () => {
  const store = jobStoreOn(table, () => NOW);
  const random = randomBytes(900_000);
  for (const [name, bytes] of [
    ["acme/a/request", random],
    ["acme/b/request", Buffer.alloc(0)],
    ["acme/c/request", Buffer.from("zwölf")],
  ] as const) {
    await store.putBody(name, bytes, NOW + 1);
    expect(Buffer.from((await store.body(name)) ?? [1]).equals(bytes)).toBe(true);
  }
  expect((await table.query("body#acme/a/request")).length).toBeGreaterThan(1);
  await table.remove("body#acme/a/request", "0001");
  expect(await store.body("acme/a/request")).toBeUndefined();
  expect(await store.body("acme/none")).toBeUndefined();
});

test("pages from the newest down, entries that come and go, and all of it goes with its tenant", async () => {
  const store = jobStoreOn(table, () => NOW);
  for (const id of ["job_a", "job_b", "job_c"]) {
    await store.put(jobOf(id, { tenant: "gone" }));
    await store.putBody(`gone/${id}/request`, Buffer.from("x"), NOW + 1);
    await store.putOpen({ tenant: "gone", id, dueAtMillis: NOW });
    await store.putSlot({ tenant: "gone", id, keyHash: `key of ${id}` });
  }
  await store.putSlot({ tenant: "gone2", id: "job_z", keyHash: "k" });
  expect(await store.slots("gone")).toEqual(
    ["job_a", "job_b", "job_c"].map((id) => ({ tenant: "gone", id, keyHash: `key of ${id}` })),
  );
  await store.removeSlot("gone", "job_b");
  await store.put(jobOf("job_z", { tenant: "gone2" }));
  expect((await store.latest("gone", 2)).map(({ id }) => id)).toEqual(["job_c", "job_b"]);
  expect((await store.latest("gone", 2, "job_b")).map(({ id }) => id)).toEqual(["job_a"]);
  await store.removeOpen("job_a");
  expect(await store.listOpen()).toEqual(["job_b", "job_c"].map((id) => ({ tenant: "gone", id, dueAtMillis: NOW })));
  expect(await jobDataOn(administeredTable(world.dynamodb, REGISTRY_TABLE)).remove("gone", [])).toBe(3);
  expect([await store.latest("gone", 9), await store.listOpen(), await store.body("gone/job_b/request")]).toEqual([
    [],
    [],
    undefined,
  ]);
  expect(await store.find("gone2", "job_z")).toBeDefined();
  expect([(await store.slots("gone")).length, (await store.slots("gone2")).length]).toEqual([0, 1]);
});

test("slots of batches are apart from those of jobs, and go with their tenant too", async () => {
  const batches = batchStoreOn(table, () => NOW);
  const slot = { tenant: "slotted", id: "batch_a", keyHash: "k" };
  await batches.putSlot(slot);
  await batches.putSlot({ ...slot, id: "batch_b" });
  expect(await batches.slots("slotted")).toEqual([slot, { ...slot, id: "batch_b" }]);
  expect(await jobStoreOn(table, () => NOW).slots("slotted")).toEqual([]);
  await batches.removeSlot("slotted", "batch_b");
  expect(await batches.slots("slotted")).toEqual([slot]);
  expect(await batchDataOn(administeredTable(world.dynamodb, REGISTRY_TABLE)).remove("slotted", [])).toBe(0);
  expect(await batches.slots("slotted")).toEqual([]);
});

test("a wake-up's lock is taken once", async () => {
  const store = wakeStoreOn(table, () => NOW);
  expect(await store.read("c")).toEqual(NEW_WAKE_STATE);
  const first = { ...NEW_WAKE_STATE, revision: 1, seats: { a: 1 } };
  const writes = await Promise.all([1, 2, 3].map(() => store.write("c", first)));
  expect(writes.sort()).toEqual(["refused", "refused", "written"]);
  expect(await store.read("c")).toEqual(first);
});
