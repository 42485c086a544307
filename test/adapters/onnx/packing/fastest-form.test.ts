import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolderCache } from "../../../../adapters/disk-cache/folder-cache.ts";
import { createLocalModels } from "../../../../adapters/onnx/local-models.ts";
import { PACKED_WEIGHTS, REFUSED } from "../../../../adapters/onnx/packing/packed-files.ts";
import { packedName } from "../../../../adapters/onnx/packing/packed-name.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import type { ModelCard } from "../../../../core/models/card.ts";
import { manifestDigest, sha256Hex } from "../../../../core/models/digest.ts";
import type { Manifest, ManifestFile } from "../../../../core/models/manifest.ts";
import type { Tensor } from "../../../../core/protocols/spec/tensor.ts";
import { describeWithData } from "../../../shared-data.ts";
import { cardOf, product, productWeights } from "../model-folder.ts";
import { onnxModel } from "../onnx-writer.ts";

const root = mkdtempSync(join(tmpdir(), "farthing-test-packing-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CONTEXT = { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY };

/** One version in a store, and processes that serve it from the same disk, one after the other. */
function world(card: ModelCard, contents: Readonly<Record<string, Uint8Array>>) {
  const files = Object.entries(contents).map(
    ([path, bytes]): ManifestFile => ({ path, bytes: bytes.length, sha256: sha256Hex(bytes) }),
  );
  const manifest: Manifest = { schema: "farthing.manifest/1", card, signature: { inputs: [], outputs: [] }, files };
  const directory = mkdtempSync(join(root, "cache-"));
  const address = { model: card.name, version: manifestDigest(manifest) };
  const reads: string[] = [];
  const failures: unknown[] = [];
  const newProcess = (withCache = true) => {
    const models = createLocalModels({
      store: {
        readManifest: async () => manifest,
        async *readBlob({ path }) {
          reads.push(path);
          yield contents[path] as Uint8Array;
        },
      },
      temporaryDirectory: root,
      memoryMegabytes: 1_769,
      manyRequests: true,
      ...(withCache && {
        diskCache: createFolderCache({
          directory,
          maxBytes: 2 ** 30,
          now: Date.now,
          onFailed: (error) => failures.push(error),
        }),
      }),
      clock: systemClock,
      onLoaded() {},
    });
    return async (inputs: readonly Tensor[]) => {
      const result = await models.infer(address, { type: "tensors", inputs }, CONTEXT);
      return result.type === "tensors" ? result.outputs : [];
    };
  };
  const entries = () => readdirSync(join(directory, "entries"));
  const packedFolder = () =>
    join(directory, "entries", entries().find((name) => name.startsWith("packed-")) ?? "absent");
  return { newProcess, reads, failures, entries, packedFolder, files, directory };
}

const SIZE = 640;
const WEIGHTS = productWeights(SIZE);
const onnx = onnxModel(product(SIZE));
const productCard = cardOf({ artifacts: { model: "onnx/model.onnx" } });
const x: Tensor = { name: "x", dataType: "FP32", shape: [1, SIZE], data: WEIGHTS.slice(0, SIZE) };
const productWorld = () => world(productCard, { "onnx/model.onnx": onnx });

test("a second process reads nothing from the store, loads packed weights, and answers the same", async () => {
  const { newProcess, reads, failures, packedFolder, directory } = productWorld();
  const expected = await newProcess(false)([x]);
  reads.length = 0;
  expect(await newProcess()([x])).toEqual(expected);
  expect(reads).toEqual(["onnx/model.onnx"]);
  expect(readdirSync(packedFolder()).sort()).toEqual(["model.onnx", PACKED_WEIGHTS, "seal.json"]);
  rmSync(join(directory, "entries", `blob-${sha256Hex(onnx)}`), { recursive: true });
  expect(await newProcess()([x])).toEqual(expected);
  expect(reads).toEqual(["onnx/model.onnx"]);
  expect(readdirSync(join(directory, "work"))).toEqual([]);
  expect(failures).toEqual([]);
});

test.each([
  ["cut", (path: string) => truncateSync(path, 100)],
  ["overwritten", (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size, 7))],
] as const)("packed weights that were %s are made anew", async (_, damage) => {
  const { newProcess, packedFolder } = productWorld();
  const expected = await newProcess()([x]);
  damage(join(packedFolder(), PACKED_WEIGHTS));
  expect(await newProcess()([x])).toEqual(expected);
  expect(await newProcess()([x])).toEqual(expected);
});

test("a packed graph that does not load gives way to the published one", async () => {
  const { newProcess, packedFolder } = productWorld();
  const expected = await newProcess()([x]);
  // Sealed as it is, so that it is found: as if another processor had made it.
  const graph = join(packedFolder(), "model.onnx");
  const { atime, mtime } = statSync(graph);
  writeFileSync(graph, Buffer.alloc(statSync(graph).size, 1));
  utimesSync(graph, atime, mtime);
  const seal = join(packedFolder(), "seal.json");
  const { size, mtimeNs, ino } = statSync(graph, { bigint: true });
  const stamped = JSON.parse(readFileSync(seal, "utf8"));
  stamped.files["model.onnx"].stamp = `${size} ${mtimeNs} ${ino}`;
  writeFileSync(seal, JSON.stringify(stamped));
  expect(await newProcess()([x])).toEqual(expected);
});

test("a model of a few bytes is kept, and not packed", async () => {
  const small = onnxModel({
    inputs: [{ name: "x", element: "FLOAT", shape: ["rows", 2] }],
    outputs: [{ name: "y", element: "FLOAT", shape: ["rows", 2] }],
    nodes: [{ op: "Neg", inputs: ["x"], outputs: ["y"] }],
  });
  const { newProcess, reads, entries } = world(cardOf(), { "model.onnx": small });
  const two: Tensor = { name: "x", dataType: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) };
  for (let start = 0; start < 2; start++) {
    expect(await newProcess()([two])).toMatchObject([{ data: Float32Array.of(-1, -2) }]);
  }
  expect(reads).toEqual(["model.onnx"]);
  expect(entries()).toEqual([`blob-${sha256Hex(small)}`]);
});

test("a packed form goes by the files that it was made from", async () => {
  const { files } = productWorld();
  const name = await packedName(productCard, files);
  expect(name).toMatch(/^packed-[0-9a-f]{64}$/);
  expect(await packedName(productCard, files)).toBe(name);
  const others = files.map((file) => ({ ...file, sha256: "0".repeat(64) }));
  expect(await packedName(productCard, others)).not.toBe(name);
});

describeWithData("models/silero-vad", "a graph that ONNX Runtime stores and cannot read back", (folder) => {
  test("serves as it was published, and is tried once", async () => {
    const card = cardOf({ artifacts: { model: "silero_vad.onnx" } });
    const model = await readFile(join(folder, "silero_vad.onnx"));
    const { newProcess, packedFolder, reads } = world(card, { "silero_vad.onnx": model });
    const inputs: Tensor[] = [
      { name: "input", dataType: "FP32", shape: [1, 512], data: new Float32Array(512) },
      { name: "state", dataType: "FP32", shape: [2, 1, 128], data: new Float32Array(256) },
      { name: "sr", dataType: "INT64", shape: [], data: BigInt64Array.of(16_000n) },
    ];
    const expected = await newProcess()(inputs);
    expect(expected.map(({ name }) => name)).toEqual(["output", "stateN"]);
    expect(readdirSync(packedFolder()).sort()).toEqual([REFUSED, "seal.json"]);
    expect(await newProcess()(inputs)).toEqual(expected);
    expect(reads).toEqual(["silero_vad.onnx"]);
  });
});

describeWithData("models/minilm-l6-v2", "all-MiniLM-L6-v2", (folder) => {
  test("gives the same vectors packed, for texts of several lengths", async () => {
    const artifacts = { model: "model.onnx", tokenizer: "tokenizer.json" };
    const card = cardOf({ task: "embedding", artifacts, text: { maxTokens: 256, dimensions: 384 } });
    const [model, tokenizer] = [
      await readFile(join(folder, "model.onnx")),
      await readFile(join(folder, "tokenizer.json")),
    ];
    const { newProcess, packedFolder } = world(card, { "model.onnx": model, "tokenizer.json": tokenizer });
    const texts: Tensor = {
      name: "text",
      dataType: "BYTES",
      shape: [3],
      data: ["Hello", "A farthing is a quarter of a penny.", "word ".repeat(200)],
    };
    const plain = await newProcess(false)([texts]);
    expect(await newProcess()([texts])).toEqual(plain);
    expect(await newProcess()([texts])).toEqual(plain);
    expect(readdirSync(packedFolder())).toContain(PACKED_WEIGHTS);
  });
});
