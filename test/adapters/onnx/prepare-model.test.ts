import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "../../../adapters/onnx/load-model.ts";
import { prepareModel } from "../../../adapters/onnx/prepare-model.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import { describeWithData } from "../../shared-data.ts";
import { addition, cardOf, modelFolder, product, productWeights, removeModelFolders } from "./model-folder.ts";
import { type GraphDescription, onnxModel } from "./onnx-writer.ts";

const out = mkdtempSync(join(tmpdir(), "farthing-test-prepared-"));
afterAll(() => {
  removeModelFolders();
  rmSync(out, { recursive: true, force: true });
});

const SIZE = 640;
const WEIGHTS = productWeights(SIZE);

test("a large model is stored with its weights apart, and answers as before", async () => {
  const folder = modelFolder({ "onnx/model.onnx": onnxModel(product(SIZE)), LICENSE: "free" });
  const card = cardOf({ artifacts: { model: "onnx/model.onnx" } });
  const target = join(out, "large");
  const prepared = await prepareModel(folder, card, target);
  expect(prepared).toEqual({
    type: "optimized",
    card: { ...card, artifacts: { model: "onnx/model.onnx", externalData: ["onnx/model.onnx.data"] } },
    largestDifference: 0,
  });
  expect(existsSync(join(target, "LICENSE"))).toBe(true);
  if (prepared.type !== "optimized") throw new Error("not optimized");
  const model = await loadModel(target, prepared.card, { threads: 1 }, systemClock);
  const x = new Float32Array(SIZE);
  x[1] = 1;
  const request = { type: "tensors", inputs: [{ name: "x", dataType: "FP32", shape: [1, SIZE], data: x }] } as const;
  const result = await model.infer(request, { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY });
  expect(result).toMatchObject({ outputs: [{ data: WEIGHTS.slice(SIZE, 2 * SIZE) }] });
  await model.release();
});

test("a small model stays as it is", async () => {
  const folder = modelFolder({ "model.onnx": onnxModel(addition(1)) });
  const prepared = await prepareModel(folder, cardOf(), join(out, "small"));
  expect(prepared).toMatchObject({ type: "original", reason: expect.stringContaining("bytes load fast") });
});

test("a model that takes no input that could be made up stays as it is", async () => {
  const table: GraphDescription = {
    inputs: [{ name: "x", element: "INT64", shape: [2] }],
    outputs: [{ name: "y", element: "FLOAT", shape: [SIZE] }],
    initializers: product(SIZE).initializers ?? [],
    // Both indices are drawn from 0 and 1; the split asks for three parts of two.
    nodes: [
      { op: "Gather", inputs: ["weights", "x"], outputs: ["rows"] },
      { op: "Reshape", inputs: ["rows", "x"], outputs: ["y"] },
    ],
  };
  const folder = modelFolder({ "model.onnx": onnxModel(table) });
  const prepared = await prepareModel(folder, cardOf(), join(out, "picky"));
  expect(prepared).toMatchObject({ type: "original", reason: expect.stringContaining("no input could be made up") });
});

describeWithData("models/silero-vad", "a graph that ONNX Runtime stores and cannot read back", (folder) => {
  test("stays as it is, and says why", async () => {
    const prepared = await prepareModel(
      folder,
      cardOf({ artifacts: { model: "silero_vad.onnx" } }),
      join(out, "silero"),
    );
    expect(prepared.type).toBe("original");
  });
});
