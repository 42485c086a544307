import { FarthingError } from "../errors.ts";
import type { ModelRecord } from "../models/registry.ts";
import type { Target } from "./target.ts";

export interface Targets {
  /** The group whose models this process holds, and what answers for them. */
  readonly local?: { readonly group: string; readonly target: Target };
  /** Groups that other deployments hold, and what reaches them. */
  readonly remote?: { readonly groups: ReadonlySet<string>; readonly target: Target };
}

/** Throws `model_not_ready` when no deployment of this environment holds the model's group. */
export function chooseTarget(model: ModelRecord, { local, remote }: Targets): Target {
  if (local?.group === model.group) return local.target;
  if (remote?.groups.has(model.group)) return remote.target;
  throw new FarthingError(
    "model_not_ready",
    `Model "${model.name}" belongs to the group "${model.group}", which this deployment neither holds nor reaches.`,
  );
}
