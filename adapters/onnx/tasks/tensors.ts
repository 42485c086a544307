/** The graph itself: its own tensors in and out. */
import { FarthingError } from "../../../core/errors.ts";
import type { TaskFactory } from "./task.ts";

export const tensors: TaskFactory = ({ card, graph, clock }) => ({
  async infer(request) {
    if (request.type !== "tensors") {
      throw new FarthingError(
        "unsupported_task",
        `Model "${card.name}" takes tensors; it makes no embeddings of texts.`,
      );
    }
    const started = clock.monotonicMillis();
    const outputs = await graph.run(request.inputs, request.outputs);
    const inferenceMillis = clock.monotonicMillis() - started;
    return { type: "tensors", outputs, usage: { inputTokens: 0, outputTokens: 0, inferenceMillis } };
  },
});
