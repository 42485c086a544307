import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalModels } from "../../../adapters/onnx/local-models.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import { FarthingError } from "../../../core/errors.ts";
import { manifestDigest, sha256Hex } from "../../../core/models/digest.ts";
import type { Manifest, ManifestFile } from "../../../core/models/manifest.ts";
import { addition, cardOf } from "./model-folder.ts";
import { onnxModel } from "./onnx-writer.ts";

const temporaryDirectory = mkdtempSync(join(tmpdir(), "farthing-test-local-"));
afterAll(() => rmSync(temporaryDirectory, { recursive: true, force: true }));

const CONTEXT = { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY };

/** A store in memory that holds what it is given, whole or not. */
function world(memoryMegabytes = 1_024, manyRequests = false) {
  const manifests = new Map<string, Manifest>();
  const blobs = new Map<string, Uint8Array>();
  const reads: string[] = [];
  const loaded: string[] = [];
  const models = createLocalModels({
    store: {
      async readManifest(_model, digest) {
        const manifest = manifests.get(digest);
        if (manifest === undefined) throw new FarthingError("model_not_ready", "no manifest");
        return manifest;
      },
      async *readBlob({ path, sha256 }) {
        reads.push(path);
        const bytes = blobs.get(sha256);
        if (bytes === undefined) throw new FarthingError("model_not_ready", `${path} is absent`);
        yield bytes;
      },
    },
    temporaryDirectory,
    memoryMegabytes,
    manyRequests,
    clock: systemClock,
    onLoaded: ({ model, version }) => loaded.push(`${model} ${version}`),
  });
  return {
    models,
    reads,
    loaded,
    blobs,
    store(name: string, files: Readonly<Record<string, Uint8Array>>, listed: Partial<ManifestFile> = {}): string {
      const entries = Object.entries(files).map(([path, content]): ManifestFile => {
        blobs.set(sha256Hex(content), content);
        return { path, bytes: content.length, sha256: sha256Hex(content), ...listed };
      });
      const signature = { inputs: [], outputs: [] };
      const manifest: Manifest = { schema: "farthing.manifest/1", card: cardOf({ name }), signature, files: entries };
      const digest = manifestDigest(manifest);
      manifests.set(digest, manifest);
      return digest;
    },
    add: (model: string, version: string) =>
      models
        .infer(
          { model, version },
          { type: "tensors", inputs: [{ name: "x", dataType: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) }] },
          CONTEXT,
        )
        .then((result) => (result.type === "tensors" ? [...(result.outputs[0]?.data as Float32Array)] : [])),
  };
}

test("versions of one model answer side by side, each loaded once, its files gone from disk", async () => {
  const { store, add, reads, loaded } = world();
  const first = store("m", { "model.onnx": onnxModel(addition(1)), "evaluation.json": Buffer.from("[]") });
  const second = store("m", { "model.onnx": onnxModel(addition(10)) });
  expect(await Promise.all([add("m", first), add("m", second), add("m", first)])).toEqual([
    [2, 3],
    [11, 12],
    [2, 3],
  ]);
  expect(reads).toEqual(["model.onnx", "model.onnx"]);
  expect(loaded.sort()).toEqual([`m ${first}`, `m ${second}`].sort());
  expect(readdirSync(temporaryDirectory)).toEqual([]);
});

test("with many requests at once, a version is loaded once and each request gets its own answer, round after round", async () => {
  const { store, add, loaded } = world(1_024, true);
  const version = store("m", { "model.onnx": onnxModel(addition(1)) });
  for (let round = 0; round < 6; round++) {
    const answers = await Promise.all(Array.from({ length: 9 }, () => add("m", version)));
    expect(answers).toEqual(answers.map(() => [2, 3]));
  }
  expect(loaded).toEqual([`m ${version}`]);
});

test("a version whose file is corrupt is not ready and says why; the others serve", async () => {
  const { store, add, models } = world();
  const good = store("m", { "model.onnx": onnxModel(addition(1)) });
  const bad = store("m", { "model.onnx": onnxModel(addition(2)).subarray(0, 50) });
  const reason = {
    code: "model_not_ready",
    message: expect.stringMatching(/^The version cannot be loaded: model\.onnx does not load/),
  };
  await expect(add("m", bad)).rejects.toMatchObject(reason);
  await expect(models.ready({ model: "m", version: bad })).rejects.toMatchObject(reason);
  await models.ready({ model: "m", version: good });
  expect(await add("m", good)).toEqual([2, 3]);
  expect(readdirSync(temporaryDirectory)).toEqual([]);
});

test("a file that the store does not have, or the manifest does not list", async () => {
  const { store, add, blobs } = world();
  const absent = store("m", { "model.onnx": onnxModel(addition(3)) });
  blobs.clear();
  await expect(add("m", absent)).rejects.toThrow("model.onnx is absent");
  const unlisted = store("m", { "other.onnx": onnxModel(addition(1)) });
  await expect(add("m", unlisted)).rejects.toThrow("its manifest does not list model.onnx");
  expect(existsSync(temporaryDirectory)).toBe(true);
});

test("a model that does not fit into the function's memory is refused before it is read", async () => {
  const { store, add, reads } = world(256);
  const huge = store("m", { "model.onnx": onnxModel(addition(1)) }, { bytes: 500 * 2 ** 20 });
  await expect(add("m", huge)).rejects.toMatchObject({
    code: "model_not_ready",
    message: expect.stringMatching(/needs about 1004 MB.*has 96 MB/),
  });
  expect(reads).toEqual([]);
});
