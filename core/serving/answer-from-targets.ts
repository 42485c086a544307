/** The innermost answer: by the deployment that holds the model. */
import { chooseTarget, type Targets } from "./choose-target.ts";
import { refuseEngineOnly } from "./engine-only.ts";
import type { Answer } from "./work.ts";

export function answerFromTargets(targets: Targets): Answer {
  return ({ model, version, request, context, journal }) => {
    const target = chooseTarget(model, targets);
    journal.target = target.kind;
    refuseEngineOnly(request, model.name);
    return target.infer(model, version, request, context);
  };
}
