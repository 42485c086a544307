import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type LoadedModel, loadModel } from "../../../../adapters/onnx/load-model.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import type { TensorResult } from "../../../../core/protocols/spec/inference.ts";
import { describeWithData } from "../../../shared-data.ts";
import { addition, cardOf, modelFolder, removeModelFolders } from "../model-folder.ts";
import { onnxModel } from "../onnx-writer.ts";

const CONTEXT = { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY };
const WINDOW = 512;
const STATE = 320;

async function hear(
  model: LoadedModel,
  audio: Float32Array,
  state: Float32Array = new Float32Array(STATE),
  rate = 16_000n,
) {
  const result = await model.infer(
    {
      type: "tensors",
      inputs: [
        { name: "audio", dataType: "FP32", shape: [audio.length], data: audio },
        { name: "state", dataType: "FP32", shape: [STATE], data: state },
        { name: "sample_rate", dataType: "INT64", shape: [1], data: BigInt64Array.of(rate) },
      ],
    },
    CONTEXT,
  );
  const [probability, next] = (result as TensorResult).outputs.map(({ data }) => data as Float32Array);
  return { probability: probability as Float32Array, state: next as Float32Array };
}

afterAll(removeModelFolders);

test("a graph of another layout is refused", async () => {
  const folder = modelFolder({ "model.onnx": onnxModel(addition(1)) });
  const opening = loadModel(folder, cardOf({ task: "voice-activity" }), { threads: 1 }, systemClock);
  await expect(opening).rejects.toThrow(/needs a graph as silero-vad's .*; this one is x \[-1, 2\] → y \[-1, 2\]/);
});

describeWithData("models/silero-vad", "a detector of voice", (folder) => {
  let model: LoadedModel;
  let sound: Float32Array;
  let golden: readonly number[];
  beforeAll(async () => {
    const card = cardOf({ task: "voice-activity", artifacts: { model: "silero_vad.onnx" } });
    model = await loadModel(folder, card, { threads: 1 }, systemClock);
    // A WAV of 16-bit samples behind 44 bytes of header.
    const wav = readFileSync(join(folder, "samples/test.wav"));
    sound = Float32Array.from({ length: (wav.length - 44) / 2 }, (_, at) => wav.readInt16LE(44 + at * 2) / 32_768);
    golden = JSON.parse(readFileSync(join(folder, "golden_probs_test_wav.json"), "utf8")) as readonly number[];
  });
  afterAll(() => model?.release());

  test("hears what the reference hears, in one piece and in many", async () => {
    const windows = 400;
    const whole = await hear(model, sound.subarray(0, windows * WINDOW));
    expect(whole.probability).toHaveLength(windows);
    // The reference is rounded to five digits.
    for (const [at, value] of whole.probability.entries())
      expect(Math.abs(value - (golden[at] as number))).toBeLessThan(1e-4);

    let state: Float32Array | undefined;
    const pieces: number[] = [];
    for (let at = 0; at < windows; ) {
      const count = Math.min(1 + (at % 7), windows - at);
      const heard = await hear(model, sound.subarray(at * WINDOW, (at + count) * WINDOW), state);
      pieces.push(...heard.probability);
      state = heard.state;
      at += count;
    }
    expect(pieces).toEqual([...whole.probability]);
    expect(state).toEqual(whole.state);
  });

  test("its signature, and what it refuses", async () => {
    expect(model.signature.inputs).toEqual([
      { name: "audio", dataType: "FP32", shape: [-1] },
      { name: "state", dataType: "FP32", shape: [STATE] },
      { name: "sample_rate", dataType: "INT64", shape: [1] },
    ]);
    await expect(hear(model, sound.subarray(0, WINDOW), undefined, 8_000n)).rejects.toMatchObject({
      code: "invalid_field",
      field: "inputs[2].data[0]",
      message: "inputs[2].data[0] is 8000; the model hears sound of 16000 Hz. Resample it.",
    });
    await expect(hear(model, sound.subarray(0, 700))).rejects.toThrow(
      "has 700 samples; it must be whole windows of 512",
    );
    const unscaled = sound.slice(0, WINDOW).map((sample) => sample * 32_768);
    await expect(hear(model, unscaled.fill(1_000, 5, 6))).rejects.toThrow("samples go from -1 to 1");
  });
});
