/**
 * Sound → how probably each window of it holds speech, for graphs laid out as silero-vad: the last samples of the window
 * before, and a recurrent state. The caller keeps both, as one row of numbers, and hands it back with the next sound.
 * https://github.com/snakers4/silero-vad
 */
import { FarthingError } from "../../../core/errors.ts";
import {
  AUDIO_INPUT,
  PROBABILITY_OUTPUT,
  RATE_INPUT,
  STATE_TENSOR,
  VOICE,
} from "../../../core/models/task-signature.ts";
import type { TensorInference } from "../../../core/protocols/spec/inference.ts";
import type { TensorSpec } from "../../../core/protocols/spec/signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import { deadlineExceeded } from "../../../core/serving/deadline.ts";
import type { Graph } from "../graph.ts";
import { floatsOf } from "../text/float-output.ts";
import { tensorsOnly } from "../text/text-input.ts";
import { chosenOutputs } from "./chosen-outputs.ts";
import type { TaskFactory } from "./task.ts";

const { sampleRate, windowSamples, contextSamples, recurrentNumbers } = VOICE;

export const voiceActivity: TaskFactory = ({ card, graph, clock }) => {
  const names = checkedNames(graph);
  const rate: Tensor = { name: "sr", dataType: "INT64", shape: [], data: BigInt64Array.of(BigInt(sampleRate)) };

  return {
    async infer(request, context) {
      const work = tensorsOnly(request, card.name, "finds speech in sound; it makes no embeddings");
      const { audio, context: before, recurrent } = soundOf(work);
      const windows = audio.length / windowSamples;
      const probabilities = new Float32Array(windows);
      let state: Float32Array = recurrent;
      let inferenceMillis = 0;
      const input = new Float32Array(contextSamples + windowSamples);
      input.set(before);
      for (let window = 0; window < windows; window++) {
        if (clock.epochMillis() >= context.deadlineMillis) throw deadlineExceeded();
        input.set(audio.subarray(window * windowSamples, (window + 1) * windowSamples), contextSamples);
        const started = clock.monotonicMillis();
        const [probability, next] = await graph.run(
          [
            { name: "input", dataType: "FP32", shape: [1, input.length], data: input },
            { name: "state", dataType: "FP32", shape: [2, 1, recurrentNumbers / 2], data: state },
            rate,
          ],
          [names.probability, names.state],
        );
        inferenceMillis += clock.monotonicMillis() - started;
        probabilities[window] = floatsOf(probability as Tensor)[0] as number;
        state = Float32Array.from(floatsOf(next as Tensor));
        input.copyWithin(0, windowSamples);
      }
      const carried = new Float32Array(recurrentNumbers + contextSamples);
      carried.set(state);
      carried.set(input.subarray(0, contextSamples), recurrentNumbers);
      const outputs = [
        { name: PROBABILITY_OUTPUT, dataType: "FP32", shape: [windows], data: probabilities },
        { name: STATE_TENSOR, dataType: "FP32", shape: [carried.length], data: carried },
      ] as const;
      const usage = { inputTokens: 0, outputTokens: 0, inferenceMillis };
      return { type: "tensors", outputs: chosenOutputs(outputs, work), usage };
    },
  };
};

function soundOf(request: TensorInference) {
  const place = (name: string) => `inputs[${request.inputs.findIndex((input) => input.name === name)}].data`;
  const dataOf = (name: string) => request.inputs.find((input) => input.name === name)?.data;
  const [audio, state, rates] = [dataOf(AUDIO_INPUT), dataOf(STATE_TENSOR), dataOf(RATE_INPUT)];
  if (!(audio instanceof Float32Array && state instanceof Float32Array && rates instanceof BigInt64Array)) {
    throw invalid(`The inputs ${AUDIO_INPUT}, ${STATE_TENSOR} and ${RATE_INPUT} are needed.`, "inputs");
  }
  if (rates[0] !== BigInt(sampleRate)) {
    const field = `${place(RATE_INPUT)}[0]`;
    throw invalid(`${field} is ${rates[0]}; the model hears sound of ${sampleRate} Hz. Resample it.`, field);
  }
  if (audio.length % windowSamples !== 0) {
    throw invalid(
      `${place(AUDIO_INPUT)} has ${audio.length} samples; it must be whole windows of ${windowSamples}. Keep the rest for the ` +
        "next request, or fill the last window up with zeros.",
      place(AUDIO_INPUT),
    );
  }
  // 16-bit samples that nobody scaled: the model would answer, and be wrong.
  const loud = audio.findIndex((sample) => sample > MOST_AMPLITUDE || sample < -MOST_AMPLITUDE);
  if (loud !== -1) {
    const field = `${place(AUDIO_INPUT)}[${loud}]`;
    throw invalid(`${field} is ${audio[loud]}; samples go from -1 to 1. Divide 16-bit samples by 32768.`, field);
  }
  return {
    audio,
    recurrent: state.slice(0, recurrentNumbers),
    context: state.subarray(recurrentNumbers, recurrentNumbers + contextSamples),
  };
}

/** Resampled sound may swing over 1 by a little. */
const MOST_AMPLITUDE = 2;

function checkedNames({ signature }: Graph): { readonly probability: string; readonly state: string } {
  const fits = ({ shape }: TensorSpec, rank: number) => shape.length === rank;
  const inputs = ["input", "state", "sr"].map((name) => signature.inputs.find((input) => input.name === name));
  const probability = signature.outputs.find((output) => fits(output, 2));
  const state = signature.outputs.find((output) => fits(output, 3));
  if (inputs.every((input) => input !== undefined) && signature.inputs.length === 3 && probability && state) {
    return { probability: probability.name, state: state.name };
  }
  const shown = ({ inputs: takes, outputs: gives }: Graph["signature"]) =>
    [takes, gives]
      .map((specs) => specs.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", "))
      .join(" → ");
  throw new Error(
    `task "voice-activity" needs a graph as silero-vad's (input, state, sr → probability, state); this one is ${shown(signature)}`,
  );
}

const invalid = (message: string, field: string) => new FarthingError("invalid_field", message, { field });
