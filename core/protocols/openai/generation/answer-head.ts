import { versionId } from "../../../models/registry.ts";
import type { AnsweredBy } from "../../protocol.ts";

/** What answers and chunks of both generating routes begin with. */
export const answerHead = (
  { requestId, createdAtSeconds, model, version }: AnsweredBy,
  { idPrefix, object }: { readonly idPrefix: "chatcmpl" | "cmpl"; readonly object: string },
) => ({
  id: `${idPrefix}-${requestId}`,
  object,
  created: createdAtSeconds,
  model: model.name,
  system_fingerprint: `fp_${versionId(version.digest)}`,
});
