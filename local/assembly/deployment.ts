/** All stacks of an assembly, brought to life: what CloudFormation does, on one machine. */

import type { StackDescription, StackOutput, StackView } from "../cloudformation/stack-view.ts";
import { physicalName } from "../physical-name.ts";
import type { CreatedResource, PlatformEvent, ResolvedResource, ResourceBehaviour } from "../simulator.ts";
import type { CloudAssembly } from "./cloud-assembly.ts";
import { addressOf, deploymentOrder, type StackResource } from "./deployment-order.ts";
import { conditionHolds, resolveValue, type Scope } from "./intrinsics.ts";
import type { StackTemplate } from "./template.ts";

/** Types that are no resources of the product: nothing is missed without them. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  "AWS::CDK::Metadata": "statistics about the use of the CDK",
};

const MAX_NAME_LENGTH = 64;

export class Deployment implements StackView {
  readonly #stacks: ReadonlyMap<string, StackTemplate>;
  readonly #created = new Map<string, CreatedResource>();
  readonly #order: readonly StackResource[];
  readonly #pseudo: Readonly<Record<string, string>>;
  readonly #startedAtMillis: number;
  #isComplete = false;

  constructor(
    assembly: CloudAssembly,
    account: { readonly accountId: string; readonly region: string },
    startedAtMillis: number,
  ) {
    this.#startedAtMillis = startedAtMillis;
    this.#stacks = new Map(assembly.stacks.map((stack) => [stack.name, stack]));
    this.#order = deploymentOrder(assembly.stacks);
    this.#pseudo = {
      "AWS::AccountId": account.accountId,
      "AWS::Region": account.region,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
    };
  }

  /** Resources in the order of their dependencies; what no simulator knows is said, by name. */
  async create(
    behaviours: ReadonlyMap<string, ResourceBehaviour>,
    emit: (event: PlatformEvent) => void,
  ): Promise<void> {
    for (const { stack, logicalId, resource } of this.#order) {
      const where = addressOf(stack, logicalId);
      const scope = this.#scope(stack);
      if (!conditionHolds(resource.Condition, scope, where)) continue;
      const properties = (resolveValue(resource.Properties ?? {}, scope, where) ?? {}) as Record<string, unknown>;
      const resolved: ResolvedResource = { stack, logicalId, type: resource.Type, properties };
      const behaviour = behaviours.get(resource.Type);
      if (behaviour !== undefined) sayUnknownProperties(resolved, behaviour, emit);
      else if (WITHOUT_EFFECT[resource.Type] === undefined) {
        emit({ type: "warning", message: `${where}: ${resource.Type} has no simulator; it is deployed to AWS only` });
      }
      const created = behaviour === undefined ? unsimulated(resolved) : await behaviour.create(resolved);
      this.#created.set(where, created);
    }
    this.#isComplete = true;
  }

  /** As CloudFormation's API tells of them; outputs once every resource exists. */
  stacks(): readonly StackDescription[] {
    return [...this.#stacks].map(([name, { template }]) => ({
      name,
      template,
      createdAtMillis: this.#startedAtMillis,
      status: this.#isComplete ? "CREATE_COMPLETE" : "CREATE_IN_PROGRESS",
      outputs: this.#isComplete ? this.#outputs(name) : [],
      resources: this.#order.flatMap(({ stack, logicalId, resource }) => {
        const created = stack === name ? this.#created.get(addressOf(stack, logicalId)) : undefined;
        return created === undefined ? [] : [{ logicalId, type: resource.Type, physicalId: created.ref }];
      }),
    }));
  }

  /** What `Ref` answers for `stack/logicalId`. */
  physicalId(address: string): string | undefined {
    return this.#created.get(address)?.ref;
  }

  #outputs(stack: string): readonly StackOutput[] {
    const scope = this.#scope(stack);
    return Object.entries(scope.template.Outputs ?? {}).flatMap(([key, output]) => {
      const path = `${stack}/Outputs.${key}`;
      if (!conditionHolds(output.Condition, scope, path)) return [];
      const exportName = output.Export && String(resolveValue(output.Export.Name, scope, path));
      return [
        {
          key,
          value: String(resolveValue(output.Value, scope, path)),
          ...(output.Description && { description: output.Description }),
          ...(exportName && { exportName }),
        },
      ];
    });
  }

  #scope(stack: string): Scope {
    const found = this.#stacks.get(stack);
    if (found === undefined)
      throw new Error(`there is no stack "${stack}"; there are: ${[...this.#stacks.keys()].join(", ")}`);
    const createdOf = (logicalId: string) => this.#created.get(addressOf(stack, logicalId));
    return {
      template: found.template,
      pseudo: {
        ...this.#pseudo,
        "AWS::StackName": stack,
        "AWS::StackId": `arn:aws:cloudformation:${this.#pseudo["AWS::Region"]}:${this.#pseudo["AWS::AccountId"]}:stack/${stack}/local`,
      },
      ref: (logicalId) => createdOf(logicalId)?.ref,
      attribute: (logicalId, name) => createdOf(logicalId)?.attributes?.[name],
      importedValue: (name) => this.#exported(name),
    };
  }

  #exported(name: string): unknown {
    for (const stack of this.#stacks.values()) {
      for (const [id, output] of Object.entries(stack.template.Outputs ?? {})) {
        if (output.Export === undefined) continue;
        const scope = this.#scope(stack.name);
        const path = `${stack.name}/Outputs.${id}`;
        if (resolveValue(output.Export.Name, scope, path) === name) return resolveValue(output.Value, scope, path);
      }
    }
    return undefined;
  }
}

function sayUnknownProperties(
  { stack, logicalId, type, properties }: ResolvedResource,
  { honoured, ignored = {} }: ResourceBehaviour,
  emit: (event: PlatformEvent) => void,
): void {
  for (const property of Object.keys(properties)) {
    if (honoured.includes(property) || Object.hasOwn(ignored, property)) continue;
    emit({ type: "warning", message: `${addressOf(stack, logicalId)}: ${type} here knows nothing of ${property}` });
  }
}

/** Names resolve, so that what refers to the resource still comes to life; nothing stands behind them. */
function unsimulated(resource: ResolvedResource): CreatedResource {
  const name = physicalName(resource, { maxLength: MAX_NAME_LENGTH });
  const attributes = new Proxy<Record<string, string>>({}, { get: (_, attribute) => `${name}.${String(attribute)}` });
  return { ref: name, attributes };
}
