/** Everything that is hosted, by name: what the control plane changes, and the runtime API looks up. */
import { type Account, sageMakerArn } from "../arns.ts";
import { modelDataOf } from "../container/model-data.ts";
import type {
  ComponentDefinition,
  ComponentSpecification,
  ContainerDefinition,
  DeploymentConfig,
  ModelDefinition,
  VariantDefinition,
} from "../definitions.ts";
import { alreadyExists, couldNotFind, resourceInUse, validationException } from "../errors.ts";
import { DEFAULT_STARTUP_SECONDS } from "../limits.ts";
import { HostedEndpoint, type NamedConfig } from "./hosted-endpoint.ts";
import type { ContainerRevision, Revision } from "./revision.ts";
import type { HostingServices } from "./services.ts";
import type { Workload } from "./workload.ts";

export interface HostedModel {
  readonly name: string;
  readonly createdMillis: number;
  readonly definition: ModelDefinition;
}

export interface HostedConfig extends NamedConfig {
  readonly createdMillis: number;
}

export interface HostedComponent {
  readonly name: string;
  readonly createdMillis: number;
  readonly endpoint: HostedEndpoint;
  readonly workload: Workload;
}

export class Hosting {
  readonly models = new Map<string, HostedModel>();
  readonly configs = new Map<string, HostedConfig>();
  readonly endpoints = new Map<string, HostedEndpoint>();
  readonly components = new Map<string, HostedComponent>();
  readonly #services: HostingServices;
  readonly #account: Account;
  #revisions = 0;

  constructor(services: HostingServices) {
    this.#services = services;
    this.#account = services.context;
  }

  arn(kind: Parameters<typeof sageMakerArn>[1], name: string): string {
    return sageMakerArn(this.#account, kind, name);
  }

  createModel(name: string, definition: ModelDefinition): HostedModel {
    if (this.models.has(name)) throw alreadyExists("model", this.arn("model", name));
    const model = { name, createdMillis: this.#now(), definition };
    this.models.set(name, model);
    return model;
  }

  createConfig(config: NamedConfig): HostedConfig {
    const name = config.EndpointConfigName;
    if (this.configs.has(name)) throw alreadyExists("endpoint configuration", this.arn("endpoint-config", name));
    for (const variant of config.ProductionVariants) if (variant.ModelName !== undefined) this.model(variant.ModelName);
    const created = { ...config, createdMillis: this.#now() };
    this.configs.set(name, created);
    return created;
  }

  createEndpoint(name: string, configName: string): HostedEndpoint {
    if (this.endpoints.has(name)) throw alreadyExists("endpoint", this.arn("endpoint", name));
    const config = this.config(configName);
    const endpoint = new HostedEndpoint(name, config, (variant) => this.#variantRevision(variant), this.#services);
    this.endpoints.set(name, endpoint);
    return endpoint;
  }

  createComponent(name: string, definition: ComponentDefinition): HostedComponent {
    const arn = this.arn("inference-component", name);
    if (this.components.has(name)) throw alreadyExists("inference component", arn);
    const endpoint = this.endpoint(definition.EndpointName);
    const variantName = definition.VariantName ?? endpoint.fleets[0]?.variant.VariantName ?? "";
    const fleet = endpoint.fleets.find(({ variant }) => variant.VariantName === variantName);
    if (fleet === undefined || fleet.variant.ModelName !== undefined) {
      throw validationException(
        `The endpoint ${endpoint.name} has no variant "${variantName}" for inference components.`,
      );
    }
    const copies = definition.RuntimeConfig?.CopyCount ?? 1;
    // Scaled to zero later, never created there.
    if (copies < 1) throw validationException("Inference components copy count must be an integer larger than 0.");
    const workload = endpoint.addComponent(name, variantName, this.componentRevision(definition), copies);
    const component = { name, createdMillis: this.#now(), endpoint, workload };
    this.components.set(name, component);
    return component;
  }

  scaleComponent(name: string, copies: number): HostedComponent {
    const component = this.#notInProgress(name);
    component.workload.scale(copies);
    return component;
  }

  updateComponent(
    name: string,
    change: {
      readonly definition: Pick<ComponentDefinition, "Specification" | "Specifications">;
      readonly copies?: number;
      readonly deployment?: DeploymentConfig;
    },
  ): HostedComponent {
    const component = this.#notInProgress(name);
    const { Specification, Specifications } = change.definition;
    if (Specification === undefined && Specifications === undefined) {
      if (change.copies !== undefined) component.workload.scale(change.copies);
      return component;
    }
    const revision = this.componentRevision({ EndpointName: component.endpoint.name, ...change.definition });
    component.workload.update(revision, change.deployment, change.copies);
    return component;
  }

  updateEndpoint(name: string, configName: string): HostedEndpoint {
    const endpoint = this.endpoint(name);
    if (endpoint.status !== "InService" && endpoint.status !== "Failed") {
      throw validationException(`Cannot update in-progress endpoint "${this.arn("endpoint", name)}".`);
    }
    const config = this.config(configName);
    const names = (each: NamedConfig) =>
      each.ProductionVariants.map(({ VariantName }) => VariantName)
        .sort()
        .join();
    if (names(config) !== names(endpoint.config)) {
      throw validationException("The simulator changes variants that are there; it adds and removes none.");
    }
    endpoint.update(config, (variant) => this.#variantRevision(variant));
    return endpoint;
  }

  deleteModel(name: string): void {
    this.model(name);
    this.models.delete(name);
  }

  deleteConfig(name: string): void {
    this.config(name);
    this.configs.delete(name);
  }

  /** Goes on after it has answered, as on AWS: until then the endpoint is `Deleting`. */
  deleteEndpoint(name: string): void {
    const endpoint = this.endpoint(name);
    const components = [...this.components.values()].filter((component) => component.endpoint === endpoint);
    if (components.length > 0) {
      throw resourceInUse(
        `Cannot delete endpoint "${this.arn("endpoint", name)}" while it hosts ${components.map((each) => each.name).join(", ")}.`,
      );
    }
    void endpoint.delete("drain").then(() => this.endpoints.delete(name));
  }

  deleteComponent(name: string): void {
    const { endpoint } = this.component(name);
    void endpoint.removeComponent(name).then(() => this.components.delete(name));
  }

  model(name: string): HostedModel {
    return found(this.models.get(name), "model", this.arn("model", name));
  }
  config(name: string): HostedConfig {
    return found(this.configs.get(name), "endpoint configuration", this.arn("endpoint-config", name));
  }
  endpoint(name: string): HostedEndpoint {
    return found(this.endpoints.get(name), "endpoint", this.arn("endpoint", name));
  }
  component(name: string): HostedComponent {
    return found(this.components.get(name), "inference component", this.arn("inference-component", name));
  }

  /** Throws ServiceError when a model is named that there is not. */
  componentRevision(definition: ComponentDefinition): Revision {
    const one = definition.Specification;
    const byType = new Map((definition.Specifications ?? []).map((each) => [each.InstanceType, each]));
    const first = one ?? definition.Specifications?.[0];
    const model = first?.ModelName === undefined ? undefined : this.model(first.ModelName).definition;
    for (const { ModelName } of byType.values()) if (ModelName !== undefined) this.model(ModelName);
    const config = this.endpoint(definition.EndpointName).config;
    const containers = new Map<string, ContainerRevision>();
    for (const [type, each] of byType) containers.set(type, this.#specificationContainer(each));
    const container = one === undefined ? undefined : this.#specificationContainer(one);
    return {
      number: ++this.#revisions,
      asked: {
        ...(one && { Specification: one }),
        ...(definition.Specifications && { Specifications: definition.Specifications }),
      },
      roleArn: model?.ExecutionRoleArn ?? config.ExecutionRoleArn,
      networkIsolation: config.EnableNetworkIsolation || (model?.EnableNetworkIsolation ?? false),
      placementStrategy: first?.SchedulingConfig?.PlacementStrategy ?? "SPREAD",
      on: (type) => container ?? containers.get(type),
    };
  }

  tick(): void {
    for (const endpoint of this.endpoints.values()) endpoint.changed();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.endpoints.values()].map((endpoint) => endpoint.delete("at-once")));
  }

  #notInProgress(name: string): HostedComponent {
    const component = this.component(name);
    if (component.workload.inProgress) {
      throw validationException(
        `Cannot update in-progress inference component "${this.arn("inference-component", name)}".`,
      );
    }
    return component;
  }

  #specificationContainer(each: ComponentSpecification): ContainerRevision {
    const base = each.ModelName === undefined ? undefined : containerOf(this.model(each.ModelName).definition);
    const needs = each.ComputeResourceRequirements;
    const own = each.Container;
    return {
      image: own?.Image ?? base?.Image ?? "",
      modelData:
        own?.ArtifactUrl === undefined ? modelDataOf(base ?? {}) : modelDataOf({ ModelDataUrl: own.ArtifactUrl }),
      environment: { ...base?.Environment, ...own?.Environment },
      requirements: {
        type: "resources",
        accelerators: needs.NumberOfAcceleratorDevicesRequired ?? 0,
        vCpus: needs.NumberOfCpuCoresRequired ?? 0,
        memoryMb: needs.MinMemoryRequiredInMb,
      },
      startupMillis: millis(each.StartupParameters?.ContainerStartupHealthCheckTimeoutInSeconds),
    };
  }

  #variantRevision(variant: VariantDefinition): Revision {
    const overrides = new Map((variant.InstancePools ?? []).map((pool) => [pool.InstanceType, pool.ModelNameOverride]));
    const definitionOn = (type: string) => this.model(overrides.get(type) ?? variant.ModelName ?? "").definition;
    const model = this.model(variant.ModelName ?? "").definition;
    return {
      number: ++this.#revisions,
      asked: {},
      roleArn: model.ExecutionRoleArn,
      networkIsolation: model.EnableNetworkIsolation,
      placementStrategy: "SPREAD",
      on: (type) => {
        const container = containerOf(definitionOn(type));
        return {
          image: container.Image ?? "",
          modelData: modelDataOf(container),
          environment: container.Environment,
          requirements: { type: "whole-instance" },
          startupMillis: millis(variant.ContainerStartupHealthCheckTimeoutInSeconds),
        };
      },
    };
  }

  #now(): number {
    return this.#services.context.clock();
  }
}

const millis = (seconds: number | undefined): number => (seconds ?? DEFAULT_STARTUP_SECONDS) * 1_000;

const containerOf = (model: ModelDefinition): ContainerDefinition =>
  (model.PrimaryContainer ?? model.Containers?.[0]) as ContainerDefinition;

function found<T>(value: T | undefined, kind: string, arn: string): T {
  if (value === undefined) throw couldNotFind(kind, arn);
  return value;
}
