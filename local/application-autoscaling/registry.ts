/** Registers targets, policies and scheduled actions; the API and the templates both do it through here. */
import { ServiceError } from "../endpoint/service-error.ts";
import type { ScalingPolicyDefinition, SuspendedState } from "./definitions.ts";
import type { ScalableResource } from "./scalable-resource.ts";
import {
  type Policy,
  type ScalableTarget,
  type Scaling,
  type ScheduledAction,
  type TargetKey,
  targetKey,
} from "./scaling.ts";

export const validationException = (message: string) => new ServiceError(400, "ValidationException", message);
const notFound = (what: string) => new ServiceError(400, "ObjectNotFoundException", `No ${what} found.`);

interface RegistryDependencies {
  readonly account: { readonly region: string; readonly accountId: string };
  readonly scaling: Scaling;
  readonly scalable: Readonly<Record<string, ScalableResource>>;
  readonly clock: () => number;
  readonly uuid: () => string;
}

export interface Bounds {
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly suspended: SuspendedState | undefined;
}

export class Registry {
  readonly scaling: Scaling;
  readonly #dependencies: RegistryDependencies;

  constructor(dependencies: RegistryDependencies) {
    this.scaling = dependencies.scaling;
    this.#dependencies = dependencies;
  }

  /** `namespace` in the ARN: `arn:aws:application-autoscaling:…:scalable-target/<id>`. */
  arn(rest: string): string {
    const { region, accountId } = this.#dependencies.account;
    return `arn:aws:application-autoscaling:${region}:${accountId}:${rest}`;
  }

  registerTarget(key: TargetKey, bounds: Bounds): ScalableTarget {
    const known = this.scaling.targets.get(targetKey(key));
    const { scalable, clock, uuid } = this.#dependencies;
    const resource = Object.hasOwn(scalable, key.ScalableDimension) ? scalable[key.ScalableDimension] : undefined;
    if (resource !== undefined && resource.capacity(key.ResourceId) === undefined) {
      throw validationException(`The resource ${key.ResourceId} does not exist.`);
    }
    const min = bounds.min ?? known?.min;
    const max = bounds.max ?? known?.max;
    if (min === undefined || max === undefined) {
      throw validationException(
        "A scalable target that is registered for the first time needs MinCapacity and MaxCapacity.",
      );
    }
    if (min > max) throw validationException(`MinCapacity (${min}) is greater than MaxCapacity (${max}).`);
    const none = {
      DynamicScalingInSuspended: false,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    };
    const target: ScalableTarget = known ?? {
      ServiceNamespace: key.ServiceNamespace,
      ResourceId: key.ResourceId,
      ScalableDimension: key.ScalableDimension,
      min,
      max,
      suspended: none,
      createdMillis: clock(),
      arn: this.arn(`scalable-target/${uuid().replaceAll("-", "").slice(0, 24)}`),
    };
    target.min = min;
    target.max = max;
    target.suspended = bounds.suspended ?? target.suspended;
    this.scaling.targets.set(targetKey(key), target);
    this.scaling.bound(target);
    return target;
  }

  deregisterTarget(key: TargetKey): void {
    this.target(key);
    const id = targetKey(key);
    this.scaling.targets.delete(id);
    for (const [name, policy] of this.scaling.policies)
      if (targetKey(policy.target) === id) this.scaling.policies.delete(name);
    for (const [name, action] of this.scaling.scheduled)
      if (targetKey(action.target) === id) this.scaling.scheduled.delete(name);
  }

  putPolicy(key: TargetKey, definition: ScalingPolicyDefinition): Policy {
    this.target(key);
    const id = `${targetKey(key)}/${definition.PolicyName}`;
    const { region, accountId } = this.#dependencies.account;
    const policy: Policy = this.scaling.policies.get(id) ?? {
      // Policies alone still carry the older service's name.
      arn: `arn:aws:autoscaling:${region}:${accountId}:scalingPolicy:${this.#dependencies.uuid()}:resource/${key.ServiceNamespace}/${key.ResourceId}:policyName/${definition.PolicyName}`,
      target: key,
      createdMillis: this.#dependencies.clock(),
      definition,
    };
    policy.definition = definition;
    this.scaling.policies.set(id, policy);
    return policy;
  }

  deletePolicy(key: TargetKey, name: string): void {
    if (!this.scaling.policies.delete(`${targetKey(key)}/${name}`)) throw notFound(`scaling policy ${name}`);
  }

  putScheduledAction(action: Omit<ScheduledAction, "arn" | "createdMillis">): ScheduledAction {
    this.target(action.target);
    const { clock, uuid } = this.#dependencies;
    const { ServiceNamespace, ResourceId } = action.target;
    const created = {
      ...action,
      arn: this.arn(
        `scheduledAction:${uuid()}:resource/${ServiceNamespace}/${ResourceId}:scheduledActionName/${action.name}`,
      ),
      createdMillis: clock(),
    };
    this.scaling.scheduled.set(`${targetKey(action.target)}/${action.name}`, created);
    return created;
  }

  deleteScheduledAction(key: TargetKey, name: string): void {
    if (!this.scaling.scheduled.delete(`${targetKey(key)}/${name}`)) throw notFound(`scheduled action ${name}`);
  }

  target(key: TargetKey): ScalableTarget {
    const target = this.scaling.targets.get(targetKey(key));
    if (target === undefined) throw notFound(`scalable target registered for ${targetKey(key)}`);
    return target;
  }

  /** The `Ref` of a scalable target in a template. */
  targetOfId(id: string): ScalableTarget {
    const target = this.scaling.targets.get(id);
    if (target === undefined) throw notFound(`scalable target ${id}`);
    return target;
  }
}
