import { parseHttpCard } from "../../../core/models/any-card.ts";
import type { ArtifactStore } from "../../../core/models/artifact-store.ts";
import type { ModelCard } from "../../../core/models/card.ts";
import { manifestDigest, sha256Hex } from "../../../core/models/digest.ts";
import type { Manifest } from "../../../core/models/manifest.ts";
import { type InspectedModel, type PublishEvent, publishModel, rollBackModel } from "../../../core/models/publish.ts";
import { type ModelRecord, type ModelRegistry, RevisionConflict } from "../../../core/models/registry.ts";

const CARD: ModelCard = {
  schema: "farthing.card/1",
  name: "m",
  description: "A model",
  task: "tensor",
  license: "Apache-2.0",
  artifacts: { model: "model.onnx" },
  placement: { kind: "function", group: "small" },
  price: { usdPerRequest: 0.000001 },
};

const model = (graph: string, card: ModelCard = CARD): InspectedModel => ({
  card,
  signature: { inputs: [], outputs: [] },
  files: [
    { path: "model.onnx", bytes: Buffer.from(graph) },
    { path: "tokenizer.json", bytes: Buffer.from("the same in every version") },
  ],
});

/** What the bucket and the table do, in memory, with the order of all writes. */
function world() {
  const writes: string[] = [];
  const blobs = new Map<string, Uint8Array>();
  const records = new Map<string, ModelRecord>();
  const events: PublishEvent[] = [];
  /** Called before each write to the registry: another writer's chance. */
  const rival: { step?: () => void } = {};
  const store: ArtifactStore = {
    readManifest: () => Promise.reject(new Error("not read here")),
    async *readBlob() {
      throw new Error("not read here");
    },
    hasBlob: async (sha256) => blobs.has(sha256),
    writeBlob: async (sha256, bytes) => {
      writes.push(`blob ${sha256.slice(0, 4)}`);
      blobs.set(sha256, bytes);
    },
    writeManifest: async (name, manifest: Manifest) => {
      writes.push(`manifest ${name}`);
      return manifestDigest(manifest);
    },
  };
  const registry: ModelRegistry = {
    get: async (name) => records.get(name),
    list: async () => [...records.values()],
    put: async (record) => {
      rival.step?.();
      if ((records.get(record.name)?.revision ?? 0) !== record.revision - 1)
        throw new RevisionConflict("somebody was faster");
      writes.push(`record ${record.name} ${record.revision}`);
      records.set(record.name, record);
    },
  };
  const dependencies = {
    store,
    registry,
    now: () => "2026-11-24T12:00:00.000Z",
    emit: (event: PublishEvent) => events.push(event),
  };
  return { writes, blobs, records, events, rival, dependencies };
}

test("blobs come first, then the manifest, then the record", async () => {
  const { writes, records, dependencies } = world();
  const { digest, changed } = await publishModel(model("one"), dependencies);
  const short = (text: string) => `blob ${sha256Hex(text).slice(0, 4)}`;
  expect(writes).toEqual([short("one"), short("the same in every version"), "manifest m", "record m 1"]);
  expect(changed).toBe(true);
  expect(records.get("m")).toMatchObject({
    live: digest,
    group: "small",
    versions: [{ digest, bytes: 28, task: "tensor" }],
  });
});

test("the next version uploads only what is new", async () => {
  const { writes, events, dependencies } = world();
  await publishModel(model("one"), dependencies);
  writes.length = 0;
  events.length = 0;
  await publishModel(model("two"), dependencies);
  expect(writes).toEqual([`blob ${sha256Hex("two").slice(0, 4)}`, "manifest m", "record m 2"]);
  expect(events).toEqual([
    { type: "blob-upload", path: "model.onnx", bytes: 3 },
    { type: "blob-present", path: "tokenizer.json", bytes: 25 },
  ]);
});

test("the same bytes and card are the same version on every machine, and publishing it again changes nothing", async () => {
  const [here, there] = [world(), world()];
  const one = await publishModel(model("one"), here.dependencies);
  const other = await publishModel(model("one"), { ...there.dependencies, now: () => "2027-01-01T00:00:00.000Z" });
  expect(other.digest).toBe(one.digest);
  const again = await publishModel(model("one"), here.dependencies);
  expect(again).toMatchObject({ digest: one.digest, changed: false });
  expect(here.records.get("m")?.revision).toBe(1);
});

test("another price is another version", async () => {
  const { dependencies } = world();
  const one = await publishModel(model("one"), dependencies);
  const two = await publishModel(model("one", { ...CARD, price: { usdPerRequest: 0.5 } }), dependencies);
  expect(two.digest).not.toBe(one.digest);
});

test("who loses a race decides again on what the winner wrote", async () => {
  const { records, events, rival, dependencies } = world();
  const first = await publishModel(model("one"), dependencies);
  const second = await publishModel(model("two"), dependencies);
  rival.step = () => {
    delete rival.step;
    const current = records.get("m") as ModelRecord;
    records.set("m", { ...current, revision: current.revision + 1, live: first.digest });
  };
  const { record, digest } = await publishModel(model("three"), dependencies);
  expect(record).toMatchObject({ revision: 4, live: digest });
  expect(record.history[0]).toMatchObject({ from: first.digest, to: digest });
  expect(record.versions.map((version) => version.digest)).toContain(second.digest);
  expect(events.filter(({ type }) => type === "conflict-retry")).toEqual([{ type: "conflict-retry", attempt: 1 }]);
});

test("a conflict that never ends is said", async () => {
  const { records, rival, dependencies } = world();
  await publishModel(model("one"), dependencies);
  rival.step = () => {
    const current = records.get("m") as ModelRecord;
    records.set("m", { ...current, revision: current.revision + 1 });
  };
  await expect(publishModel(model("two"), dependencies)).rejects.toThrow(RevisionConflict);
});

test("an upload that fails leaves the live version as it was", async () => {
  const { records, dependencies } = world();
  const { digest } = await publishModel(model("one"), dependencies);
  const store = { ...dependencies.store, writeBlob: () => Promise.reject(new Error("the disk is full")) };
  await expect(publishModel(model("two"), { ...dependencies, store })).rejects.toThrow("the disk is full");
  expect(records.get("m")).toMatchObject({ live: digest, revision: 1 });
});

test("rolling back writes what the transition decides; an unknown model is an error in words", async () => {
  const { dependencies } = world();
  const one = await publishModel(model("one"), dependencies);
  await publishModel(model("two"), dependencies);
  expect(await rollBackModel("m", undefined, dependencies)).toMatchObject({ live: one.digest, revision: 3 });
  await expect(rollBackModel("other", undefined, dependencies)).rejects.toThrow('no model "other" is published');
});

test("a model behind an engine is published without files, with the models that stand in for it", async () => {
  const { dependencies, records, writes } = world();
  const card = parseHttpCard(
    {
      schema: "farthing.card/1",
      name: "far",
      description: "Elsewhere",
      license: "MIT",
      task: "text-generation",
      placement: { kind: "http", group: "rack" },
      price: {},
      fallback: ["small"],
    },
    "card",
  );
  await publishModel({ card, signature: { inputs: [], outputs: [] }, files: [] }, dependencies);
  expect(writes).toEqual(["manifest far", "record far 1"]);
  expect(records.get("far")).toMatchObject({ group: "rack", versions: [{ bytes: 0, fallback: ["small"] }] });
});
