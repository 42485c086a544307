/** One picture, as the bytes of its file → labels: the best one, its score, and the scores of all. */
import { FarthingError } from "../../../core/errors.ts";
import { IMAGE_INPUT } from "../../../core/models/task-signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";
import type { Graph } from "../graph.ts";
import { decodePicture } from "../image/decode-picture.ts";
import { fixedSize, type ImageRules, pictureTensor } from "../image/picture-tensor.ts";
import { floatsOf } from "../text/float-output.ts";
import { sigmoid, softmax } from "../text/scores.ts";
import { tensorsOnly } from "../text/text-input.ts";
import { bestLabelOutputs } from "./best-label.ts";
import { chosenOutputs } from "./chosen-outputs.ts";
import type { TaskFactory } from "./task.ts";
import { logitsOutput } from "./text-parts.ts";

export const imageClassification: TaskFactory = ({ card, graph, clock }) => {
  const rules = card.image;
  if (rules === undefined) throw new Error('a card of task "image-classification" needs image.labels');
  const input = checkedInput(graph, rules);
  const output = logitsOutput(graph, rules.labels.length);
  const score = rules.multiLabel ? sigmoid : softmax;

  return {
    async infer(request, _context) {
      const work = tensorsOnly(request, card.name, "classifies pictures; it makes no embeddings");
      const index = work.inputs.findIndex(({ name }) => name === IMAGE_INPUT);
      const file = work.inputs[index]?.data;
      if (!(file instanceof Uint8Array)) {
        throw new FarthingError("missing_field", `The input "${IMAGE_INPUT}" of datatype UINT8 is missing.`, {
          field: "inputs",
        });
      }
      const picture = await decodePicture(file, `inputs[${index}].data`);
      const { shape, data } = pictureTensor(picture, rules);
      const started = clock.monotonicMillis();
      const [logits] = await graph.run([{ name: input, dataType: "FP32", shape, data }], [output]);
      const inferenceMillis = clock.monotonicMillis() - started;
      const scores = new Float32Array(rules.labels.length);
      score(floatsOf(logits as Tensor), 0, scores);
      const outputs = chosenOutputs(bestLabelOutputs(scores, rules.labels), work);
      return { type: "tensors", outputs, usage: { inputTokens: 0, outputTokens: 0, inferenceMillis } };
    },
  };
};

/** The name of the only input, [pictures, channels, height, width]. */
function checkedInput({ signature }: Graph, rules: ImageRules): string {
  const [input] = signature.inputs;
  if (input === undefined || signature.inputs.length !== 1 || input.shape.length !== 4 || input.dataType !== "FP32") {
    const shown = signature.inputs.map(({ name, dataType, shape }) => `"${name}" ${dataType} [${shape.join(", ")}]`);
    throw new Error(
      `task "image-classification" needs a graph with one input FP32 [pictures, channels, height, width]; this one takes ${shown.join(", ")}`,
    );
  }
  const size = fixedSize(rules);
  const made = [1, rules.channels === "gray" ? 1 : 3, size?.height ?? -1, size?.width ?? -1];
  const differs = input.shape.some((wanted, at) => wanted !== -1 && wanted !== made[at]);
  if (!differs) return input.name;
  throw new Error(
    `the graph takes pictures of [${input.shape.join(", ")}]; the card's image makes [${made.join(", ")}]`,
  );
}
