/** Models as a function loads them that answers one request at a time: from files that are still on their way. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DiskCache } from "../../../adapters/disk-cache/disk-cache.ts";
import { createFolderCache } from "../../../adapters/disk-cache/folder-cache.ts";
import { createLocalModels } from "../../../adapters/onnx/local-models.ts";
import { prepareModel } from "../../../adapters/onnx/prepare-model.ts";
import { artifactReaderOn } from "../../../adapters/s3/artifacts.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import { manifestDigest, sha256Hex } from "../../../core/models/digest.ts";
import { blobKey, type Manifest, type ManifestFile } from "../../../core/models/manifest.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import { cardOf, modelFolder, product, productWeights, removeModelFolders } from "./model-folder.ts";
import { onnxModel } from "./onnx-writer.ts";

const temporaryDirectory = mkdtempSync(join(tmpdir(), "farthing-test-arriving-"));
afterAll(() => {
  rmSync(temporaryDirectory, { recursive: true, force: true });
  removeModelFolders();
});

const SIZE = 640;
const WEIGHTS = productWeights(SIZE);
const onnx = onnxModel(product(SIZE));

const GRAPH = "model.onnx";
const DATA = "model.onnx.data";

/** A version with its weights beside the graph, in a bucket whose objects a test may spoil. */
async function world(diskCache?: DiskCache) {
  const out = modelFolder({});
  const prepared = await prepareModel(modelFolder({ [GRAPH]: onnx }), cardOf(), out);
  if (prepared.type !== "optimized") throw new Error(prepared.reason);
  const objects = new Map<string, Uint8Array>();
  const files = [GRAPH, DATA].map((path): ManifestFile => {
    const bytes = readFileSync(join(out, path));
    objects.set(blobKey(sha256Hex(bytes)), bytes);
    return { path, bytes: bytes.length, sha256: sha256Hex(bytes) };
  });
  const manifest: Manifest = {
    ...{ schema: "farthing.manifest/1", signature: { inputs: [], outputs: [] } },
    ...{ card: prepared.card, files },
  };
  const keyOf = (path: string) => blobKey(files.find((file) => file.path === path)?.sha256 ?? "");
  let now = 0;
  let millisPerLook = 0;
  const clock: Clock = {
    ...systemClock,
    monotonicMillis: () => {
      now += millisPerLook;
      return now;
    },
  };
  const { readBlob } = artifactReaderOn({
    get: async (key, range) => {
      const bytes = objects.get(key);
      if (bytes === undefined) return { cause: "absent" };
      return [range ? bytes.subarray(range.first, range.last + 1) : bytes];
    },
  });
  const models = createLocalModels({
    store: { readManifest: async () => manifest, readBlob },
    ...{ temporaryDirectory, memoryMegabytes: 1_769, clock },
    ...(diskCache && { diskCache }),
    onLoaded() {},
  });
  const address = { model: "m", version: manifestDigest(manifest) };
  const infer = async () => {
    const inputs = [{ name: "x", dataType: "FP32", shape: [1, SIZE], data: WEIGHTS.slice(0, SIZE) }] as const;
    const running = models.infer(
      address,
      { type: "tensors", inputs },
      { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY },
    );
    const result = await running;
    return result.type === "tensors" ? [...(result.outputs[0]?.data as Float32Array)] : [];
  };
  return { models, infer, objects, keyOf, slowDown: () => void (millisPerLook = 1_000) };
}

const folders = () => readdirSync(temporaryDirectory);

test("answers before its weights are packed, packs them between requests, and then needs its files no more", async () => {
  const { models, infer, slowDown } = await world();
  const first = await infer();
  expect(models.betweenRequests()).toBeUndefined();
  expect(folders()).toHaveLength(1);
  slowDown();
  await infer();
  await models.betweenRequests();
  expect(folders()).toEqual([]);
  expect(models.betweenRequests()).toBeUndefined();
  expect(await infer()).toEqual(first.map((value) => expect.closeTo(value, 6)));
});

test.each([
  ["an altered byte", (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, at) => (at === 5_000 ? byte ^ 1 : byte))],
  ["a missing end", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
])("weights with %s are refused, and leave nothing behind", async (_, spoil) => {
  const { infer, objects, keyOf } = await world();
  objects.set(keyOf(DATA), spoil(objects.get(keyOf(DATA)) as Uint8Array));
  await expect(infer()).rejects.toMatchObject({
    code: "model_not_ready",
    message: expect.stringContaining(`its file ${DATA} should have`),
  });
  expect(folders()).toEqual([]);
});

test("a file that is not what its digest says is kept on no disk", async () => {
  const directory = modelFolder({});
  const onFailed = (error: unknown) => {
    throw error;
  };
  const { infer, objects, keyOf } = await world(
    createFolderCache({ directory, maxBytes: 2 ** 30, now: Date.now, onFailed }),
  );
  const whole = objects.get(keyOf(DATA)) as Uint8Array;
  objects.set(keyOf(DATA), Buffer.alloc(whole.length, 7));
  await expect(infer()).rejects.toThrow(`its file ${DATA} should have the SHA-256`);
  expect(readdirSync(join(directory, "entries"))).not.toContain(keyOf(DATA).replace("blobs/", "blob-"));
});

test("a graph that is not what its digest says is never opened", async () => {
  const { infer, objects, keyOf } = await world();
  const bytes = objects.get(keyOf(GRAPH)) as Uint8Array;
  objects.set(keyOf(GRAPH), Buffer.alloc(bytes.length, 7));
  await expect(infer()).rejects.toThrow(`its file ${GRAPH} should have the SHA-256`);
  expect(folders()).toEqual([]);
});
