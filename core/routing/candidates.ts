/** A request's candidates from what the deployment reaches: the model's own targets, then those of the models that stand in. */
import { chooseTarget, type Targets, targetsOf } from "../serving/choose-target.ts";
import { weightedVersion } from "../serving/choose-version.ts";
import type { RegistryView } from "../serving/registry-view.ts";
import type { Work } from "../serving/work.ts";
import type { Candidate } from "./candidate.ts";

export type Candidates = (work: Work) => readonly Candidate[] | Promise<readonly Candidate[]>;

/** Throws `model_not_ready` when nothing serves the model itself: a stand-in is for bad times, not for good. */
export function candidatesFrom(targets: Targets, registry: Pick<RegistryView, "get">): Candidates {
  async function withStandIns(
    own: readonly Candidate[],
    names: readonly string[],
    work: Work,
  ): Promise<readonly Candidate[]> {
    const candidates = [...own];
    for (const name of names) {
      const model = await registry.get(name);
      if (model === undefined) continue;
      const version = weightedVersion(model, work.caller.tenant);
      for (const target of targetsOf(model, targets)) candidates.push({ model, version, target, standsIn: true });
    }
    return candidates;
  }

  return (work) => {
    const { model, version } = work;
    const found = targetsOf(model, targets);
    const serving = found.length > 0 ? found : [chooseTarget(model, targets)];
    const own = serving.map((target) => ({ model, version, target, standsIn: false }));
    const names = version.fallback ?? targets.endpoints?.standIns.get(model.name) ?? [];
    return names.length === 0 ? own : withStandIns(own, names, work);
  };
}
