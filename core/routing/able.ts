/** Which candidates can do at all what a request asks for. */
import { asFarthingError, type FarthingError } from "../errors.ts";
import type { InferenceRequest } from "../protocols/spec/inference.ts";
import { refuseEngineOnly } from "../serving/engine-only.ts";
import type { TargetKind } from "../serving/target.ts";
import type { Candidate } from "./candidate.ts";

/** Behind these is a generation engine; the others run models in processes of ours. */
const ENGINES: ReadonlySet<TargetKind> = new Set(["endpoint", "http"]);

/** Throws the first candidate's refusal when all of them refuse. */
export function ableTo(request: InferenceRequest, candidates: readonly Candidate[]): readonly Candidate[] {
  let refusal: FarthingError | undefined;
  const able = candidates.filter(({ target, model }) => {
    if (ENGINES.has(target.kind)) return true;
    try {
      refuseEngineOnly(request, model.name);
      return true;
    } catch (thrown) {
      refusal ??= asFarthingError(thrown);
      return false;
    }
  });
  if (able.length === 0 && refusal !== undefined) throw refusal;
  return able;
}
