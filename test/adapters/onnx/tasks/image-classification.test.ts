import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { PNG } from "pngjs";
import { type LoadedModel, loadModel } from "../../../../adapters/onnx/load-model.ts";
import { onnxRuntime } from "../../../../adapters/onnx/runtime.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import type { TensorResult } from "../../../../core/protocols/spec/inference.ts";
import { describeWithData, SHARED_DATA } from "../../../shared-data.ts";
import { jpegWithExif, TINY_JPEG } from "../image/tiny-jpeg.ts";
import { cardOf, modelFolder, removeModelFolders } from "../model-folder.ts";
import { bytesOf, type GraphDescription, onnxModel } from "../onnx-writer.ts";

const CONTEXT = { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY };

async function classify(model: LoadedModel, file: Uint8Array, outputs?: readonly string[]) {
  const inputs = [{ name: "image", dataType: "UINT8", shape: [file.length], data: file }] as const;
  const result = await model.infer({ type: "tensors", inputs, ...(outputs && { outputs }) }, CONTEXT);
  const tensors = (result as TensorResult).outputs;
  return Object.fromEntries(tensors.map(({ name, data }) => [name, Array.from(data as ArrayLike<unknown>)]));
}

afterAll(removeModelFolders);

/** Logits are the values of the channels at the top left: what became of one pixel, for all to see. */
const FIRST_PIXEL: GraphDescription = {
  inputs: [{ name: "pixel_values", element: "FLOAT", shape: ["batch", 3, "height", "width"] }],
  outputs: [{ name: "logits", element: "FLOAT", shape: ["batch", 3] }],
  initializers: ["from", "to", "axes"].map((name, at) => ({
    ...{ name, element: "INT64" as const, shape: [2] },
    data: bytesOf(
      BigInt64Array.from(
        [
          [0n, 0n],
          [1n, 1n],
          [2n, 3n],
        ][at] as bigint[],
      ),
    ),
  })),
  nodes: [
    { op: "Slice", inputs: ["pixel_values", "from", "to", "axes"], outputs: ["corner"] },
    { op: "Flatten", inputs: ["corner"], outputs: ["logits"], attributes: { axis: 1 } },
  ],
};
const LABELS = ["red", "green", "blue"];
const cardWith = (image: object) => cardOf({ task: "image-classification", image: { labels: LABELS, ...image } });
const open = (image: object = {}) =>
  loadModel(modelFolder({ "model.onnx": onnxModel(FIRST_PIXEL) }), cardWith(image), { threads: 1 }, systemClock);

describe("from file to tensor", () => {
  const file = (() => {
    const picture = new PNG({ width: 4, height: 2 });
    for (let at = 0; at < 8; at++) picture.data.set([at * 10, 100, 255 - at, 255], at * 4);
    return PNG.sync.write(picture);
  })();
  /** What the graph was given for the first pixel, from the scores of single classes. */
  const firstPixel = async (image: object) => {
    const model = await open({ multiLabel: true, ...image });
    const { scores } = await classify(model, file);
    await model.release();
    return (scores as readonly number[]).map((score) => Math.log(score / (1 - score)));
  };
  const close = (received: readonly number[], expected: readonly number[]) => {
    for (const [at, value] of expected.entries()) expect(received[at]).toBeCloseTo(value, 3);
  };

  test("values from 0 to 1, in planes", async () => close(await firstPixel({}), [0, 100 / 255, 1]));
  test("blue first", async () => close(await firstPixel({ channels: "bgr" }), [1, 100 / 255, 0]));
  test("mean and deviation of each channel", async () =>
    close(await firstPixel({ mean: [0.5, 0.25, 0], std: [0.5, 0.5, 2] }), [-1, (100 / 255 - 0.25) / 0.5, 0.5]));
  test("one mean for all, another scale", async () =>
    close(await firstPixel({ rescale: 0.01, mean: [1], std: [2] }), [-0.5, 0, 0.775]));
  test("cut from the centre", async () =>
    close(await firstPixel({ crop: { width: 2, height: 2 } }), [10 / 255, 100 / 255, 254 / 255]));
  test("black around what is smaller than the cut", async () =>
    close(await firstPixel({ crop: { width: 6, height: 6 } }), [0, 0, 0]));
  test("the shorter side, then the cut", async () =>
    close(await firstPixel({ resize: { shortestEdge: 4 }, resample: "nearest", crop: { width: 4, height: 4 } }), [
      10 / 255,
      100 / 255,
      254 / 255,
    ]));
});

test("a JPEG, upright: what the camera had on the left", async () => {
  const model = await open();
  expect(model.signature).toEqual({
    inputs: [{ name: "image", dataType: "UINT8", shape: [-1] }],
    outputs: [
      { name: "label", dataType: "BYTES", shape: [-1] },
      { name: "score", dataType: "FP32", shape: [-1] },
      { name: "scores", dataType: "FP32", shape: [-1, 3] },
    ],
  });
  expect(await classify(model, TINY_JPEG, ["label"])).toEqual({ label: ["red"] });
  expect((await classify(model, jpegWithExif(2, true))).label).toEqual(["blue"]);
  await expect(classify(model, Buffer.from("no picture"))).rejects.toMatchObject({
    code: "invalid_field",
    field: "inputs[0].data",
  });
  await model.release();
});

test("a card that does not fit its graph", async () => {
  await expect(open({ channels: "gray" })).rejects.toThrow(
    "takes pictures of [-1, 3, -1, -1]; the card's image makes [1, 1",
  );
  await expect(open({ labels: ["a", "b"] })).rejects.toThrow("2 labels");
  expect(() => cardOf({ task: "image-classification" })).toThrow("needs image.labels");
  expect(() => cardOf({ image: { labels: LABELS } })).toThrow('task "tensor" reads no pictures');
});

describeWithData("models/mnist-12", "digits, as files", (folder) => {
  test("equal what ONNX Runtime makes of the bare pixels, for 200 of them", async () => {
    const read = (name: string) => gunzipSync(readFileSync(join(SHARED_DATA, "eval/mnist", name)));
    const pixels = read("t10k-images-idx3-ubyte.gz").subarray(16);
    const labels = read("t10k-labels-idx1-ubyte.gz").subarray(8);
    const image = { labels: [..."0123456789"], channels: "gray", resize: { width: 28, height: 28 }, rescale: 1 };
    const card = cardOf({ task: "image-classification", image });
    const model = await loadModel(folder, card, { threads: 1 }, systemClock);
    const { InferenceSession, Tensor } = onnxRuntime();
    const session = await InferenceSession.create(join(folder, "model.onnx"), { logSeverityLevel: 4 });
    const [input, output] = [session.inputNames[0] as string, session.outputNames[0] as string];
    let right = 0;
    let largest = 0;
    for (let at = 0; at < 200; at++) {
      const digit = pixels.subarray(at * 784, (at + 1) * 784);
      const png = new PNG({ width: 28, height: 28 });
      for (const [pixel, value] of digit.entries()) png.data.set([value, value, value, 255], pixel * 4);
      const { label, scores } = await classify(model, PNG.sync.write(png));
      const direct = await session.run({ [input]: new Tensor("float32", Float32Array.from(digit), [1, 1, 28, 28]) });
      const logits = Array.from(direct[output]?.data as Float32Array);
      const exponents = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
      const sum = exponents.reduce((total, one) => total + one, 0);
      for (const [digitAt, exponent] of exponents.entries()) {
        largest = Math.max(largest, Math.abs(exponent / sum - ((scores as number[])[digitAt] as number)));
      }
      if (label?.[0] === String(labels[at])) right++;
    }
    await Promise.all([model.release(), session.release()]);
    expect(largest).toBeLessThan(1e-5);
    expect(right).toBeGreaterThanOrEqual(195);
  });
});
