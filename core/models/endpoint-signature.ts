import type { ModelSignature } from "../protocols/spec/signature.ts";
import type { EngineCard } from "./any-card.ts";
import { EMBEDDING_OUTPUT, TEXT_INPUT } from "./task-signature.ts";

/** What callers of a model behind an engine send and get; there is no graph to ask. */
export function endpointSignature({ task, dimensions }: EngineCard): ModelSignature {
  const inputs: ModelSignature["inputs"] = [{ name: TEXT_INPUT, dataType: "BYTES", shape: [-1] }];
  if (task === "text-generation") return { inputs, outputs: [{ name: TEXT_INPUT, dataType: "BYTES", shape: [-1] }] };
  return { inputs, outputs: [{ name: EMBEDDING_OUTPUT, dataType: "FP32", shape: [-1, dimensions ?? -1] }] };
}
