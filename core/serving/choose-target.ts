import { FarthingError } from "../errors.ts";
import type { ModelRecord } from "../models/registry.ts";
import type { Target } from "./target.ts";

export interface Targets {
  /** The group whose models this process holds, and what answers for them. */
  readonly local?: { readonly group: string; readonly target: Target };
  /** Groups that other deployments hold, and what reaches them. */
  readonly remote?: { readonly groups: ReadonlySet<string>; readonly target: Target };
  /** Models on GPU endpoints, each with those that answer instead of it, in this order; and what reaches them. */
  readonly endpoints?: { readonly standIns: ReadonlyMap<string, readonly string[]>; readonly target: Target };
  /** Servers that speak OpenAI's API, each with the models that it serves. */
  readonly upstreams?: readonly { readonly models: ReadonlySet<string>; readonly target: Target }[];
}

/** Everything that serves the model: what stands in the building first, then the cloud as overflow. */
export function targetsOf(model: ModelRecord, { local, remote, endpoints, upstreams }: Targets): readonly Target[] {
  const found: Target[] = [];
  if (local?.group === model.group) found.push(local.target);
  else if (endpoints?.standIns.has(model.name)) found.push(endpoints.target);
  else if (remote?.groups.has(model.group)) found.push(remote.target);
  for (const { models, target } of upstreams ?? []) if (models.has(model.name)) found.push(target);
  return found.length < 2 ? found : found.toSorted((a, b) => Number(b.onPremises) - Number(a.onPremises));
}

/** The first of them. Throws `model_not_ready` when no deployment of this environment holds the model's group. */
export function chooseTarget(model: ModelRecord, targets: Targets): Target {
  const [first] = targetsOf(model, targets);
  if (first !== undefined) return first;
  throw new FarthingError(
    "model_not_ready",
    `Model "${model.name}" belongs to the group "${model.group}", which this deployment neither holds nor reaches.`,
  );
}

/** Whether another function answers for the model. */
export const isForwarded = (model: ModelRecord, targets: Targets): boolean =>
  chooseTargetKind(model, targets) === "remote-function";

const chooseTargetKind = (model: ModelRecord, targets: Targets) => targetsOf(model, targets)[0]?.kind;
