import type { ModelCard } from "../../../core/models/card.ts";
import { CANDIDATES_INPUT, DOCUMENTS_INPUT, QUERY_INPUT, TEXT_INPUT } from "../../../core/models/task-signature.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";

/** The inputs with which a model of this task reads these texts, to try it out; undefined for tasks that take no texts. */
export function textInputs(task: ModelCard["task"], texts: readonly string[]): readonly Tensor[] | undefined {
  switch (task) {
    case "embedding":
    case "text-classification":
    case "token-classification":
      return [strings(TEXT_INPUT, texts)];
    case "zero-shot-classification":
      return [strings(TEXT_INPUT, texts), strings(CANDIDATES_INPUT, ["hello"])];
    case "rerank":
      return [strings(QUERY_INPUT, ["hello"]), strings(DOCUMENTS_INPUT, texts)];
    default:
      return undefined;
  }
}

const strings = (name: string, data: readonly string[]): Tensor => ({
  name,
  dataType: "BYTES",
  shape: [data.length],
  data,
});
