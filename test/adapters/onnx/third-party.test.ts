/** Models that nobody here made, through the same steps as a function's, against ONNX Runtime itself. */
import { join } from "node:path";
import { loadModel } from "../../../adapters/onnx/load-model.ts";
import { onnxRuntime } from "../../../adapters/onnx/runtime.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import { describeWithData } from "../../shared-data.ts";
import { cardOf } from "./model-folder.ts";

const CONTEXT = { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY };

/** Numbers that are no pattern. */
const wave = (length: number, scale: number) => Float32Array.from({ length }, (_, at) => Math.sin(at * 0.37) * scale);

async function bothWays(
  folder: string,
  file: string,
  steps: readonly (readonly Tensor[])[],
  carry: Readonly<Record<string, string>> = {},
) {
  const model = await loadModel(folder, cardOf({ artifacts: { model: file } }), { threads: 1 }, systemClock);
  const { InferenceSession, Tensor: Native } = onnxRuntime();
  const session = await InferenceSession.create(join(folder, file), { logSeverityLevel: 4 });
  let ours: Readonly<Record<string, Tensor>> = {};
  let theirs: Readonly<Record<string, unknown>> = {};
  let largest = 0;
  for (const inputs of steps) {
    const carried = (name: string) => carry[name];
    const request = inputs.map((input) => {
      const from = carried(input.name);
      return from !== undefined && ours[from] ? { ...ours[from], name: input.name } : input;
    });
    const result = await model.infer({ type: "tensors", inputs: request }, CONTEXT);
    if (result.type !== "tensors") throw new Error("not tensors");
    const feeds = Object.fromEntries(
      inputs.map(({ name, dataType, data, shape }) => {
        const from = carried(name);
        const native = new Native(
          dataType === "INT64" ? "int64" : dataType === "INT32" ? "int32" : "float32",
          data as Float32Array,
          shape,
        );
        return [name, from !== undefined && theirs[from] ? theirs[from] : native];
      }),
    );
    theirs = await session.run(feeds as never);
    ours = Object.fromEntries(result.outputs.map((output) => [output.name, output]));
    for (const [name, { data }] of Object.entries(ours)) {
      const expected = (theirs[name] as { readonly data: Float32Array }).data;
      expect(data.length).toBe(expected.length);
      for (let at = 0; at < expected.length; at++) {
        largest = Math.max(largest, Math.abs((data[at] as number) - (expected[at] as number)));
      }
    }
  }
  await Promise.all([model.release(), session.release()]);
  return { largest, outputs: ours, signature: model.signature };
}

describeWithData("models/magika-v3_3", "a classifier of files, from their bytes", (folder) => {
  test("equals ONNX Runtime", async () => {
    const bytes: Tensor = {
      name: "bytes",
      dataType: "INT32",
      shape: [2, 2048],
      data: Int32Array.from({ length: 4096 }, (_, at) => (at * 7) % 257),
    };
    const { largest, outputs } = await bothWays(folder, "model.onnx", [[bytes]]);
    expect(outputs.target_label?.shape).toEqual([2, 214]);
    expect(largest).toBeLessThanOrEqual(1e-5);
  });
});

describeWithData("models/silero-vad", "a detector of voice that carries its state", (folder) => {
  test("equals ONNX Runtime over many steps", async () => {
    const steps = Array.from({ length: 20 }, (_, step): readonly Tensor[] => [
      { name: "input", dataType: "FP32", shape: [1, 576], data: wave(576, 0.1 + step / 40) },
      { name: "state", dataType: "FP32", shape: [2, 1, 128], data: new Float32Array(256) },
      { name: "sr", dataType: "INT64", shape: [], data: BigInt64Array.of(16_000n) },
    ]);
    const { largest, signature } = await bothWays(folder, "silero_vad.onnx", steps, { state: "stateN" });
    expect(signature.inputs.map(({ name, dataType, shape }) => [name, dataType, shape])).toEqual([
      ["input", "FP32", [-1, -1]],
      ["state", "FP32", [2, -1, 128]],
      ["sr", "INT64", []],
    ]);
    expect(largest).toBeLessThanOrEqual(1e-5);
  });
});

describeWithData("models/ultraface-rfb-320", "a detector of faces", (folder) => {
  test("equals ONNX Runtime", async () => {
    const picture: Tensor = { name: "input", dataType: "FP32", shape: [1, 3, 240, 320], data: wave(230_400, 1) };
    const { largest, outputs } = await bothWays(folder, "model.onnx", [[picture]]);
    expect(Object.keys(outputs)).toEqual(["scores", "boxes"]);
    expect(largest).toBeLessThanOrEqual(1e-5);
  });
});

describeWithData("models/mnist-12", "half floats, in and out", (folder) => {
  test("agree with the same network in full precision", async () => {
    const pixels = wave(784, 1);
    const open = (file: string) =>
      loadModel(folder, cardOf({ artifacts: { model: file } }), { threads: 1 }, systemClock);
    const [full, half] = await Promise.all([open("model.onnx"), open("model_float16.onnx")]);
    const bits = new Uint16Array(Float16Array.from(pixels).buffer);
    const shape = [1, 1, 28, 28];
    const [a, b] = await Promise.all([
      full.infer({ type: "tensors", inputs: [{ name: "Input3", dataType: "FP32", shape, data: pixels }] }, CONTEXT),
      half.infer({ type: "tensors", inputs: [{ name: "Input3", dataType: "FP16", shape, data: bits }] }, CONTEXT),
    ]);
    if (a.type !== "tensors" || b.type !== "tensors") throw new Error("not tensors");
    const halves = new Float16Array((b.outputs[0]?.data as Uint16Array).slice().buffer);
    const scores = a.outputs[0]?.data as Float32Array;
    expect(b.outputs[0]?.dataType).toBe("FP16");
    for (const [at, score] of scores.entries()) expect(Math.abs((halves[at] as number) - score)).toBeLessThan(0.05);
    await Promise.all([full.release(), half.release()]);
  });
});

describeWithData("models/string-identity", "a graph that this machine cannot load", (folder) => {
  test("says why, in words of its own", async () => {
    const opening = loadModel(folder, cardOf(), { threads: 1 }, systemClock);
    await expect(opening).rejects.toThrow(/^model\.onnx does not load: .*en_US\.UTF-8/);
  });
});
