/** An endpoint: its variants' fleets, and the workloads on them. It settles whenever something changed, and now and then. */
import type { EndpointConfigDefinition, VariantDefinition } from "../definitions.ts";
import { Fleet } from "./fleet.ts";
import type { Revision } from "./revision.ts";
import type { HostingServices } from "./services.ts";
import { Workload } from "./workload.ts";

export type EndpointStatus = "Creating" | "InService" | "Updating" | "Failed" | "Deleting";

export interface NamedConfig extends EndpointConfigDefinition {
  readonly EndpointConfigName: string;
}

export class HostedEndpoint {
  readonly name: string;
  readonly createdMillis: number;
  readonly #services: HostingServices;
  readonly #fleets = new Map<string, Fleet>();
  readonly #workloads = new Map<string, Workload>();
  #config: NamedConfig;
  #status: EndpointStatus = "Creating";
  #failureReason: string | undefined;
  #modifiedMillis: number;
  #settling = false;

  /** `revisionOf` is asked for variants that name a model. */
  constructor(
    name: string,
    config: NamedConfig,
    revisionOf: (variant: VariantDefinition) => Revision,
    services: HostingServices,
  ) {
    this.name = name;
    this.#config = config;
    this.#services = services;
    this.createdMillis = services.context.clock();
    this.#modifiedMillis = this.createdMillis;
    for (const variant of config.ProductionVariants) {
      this.#fleets.set(variant.VariantName, new Fleet(variant, services, this.changed));
      if (variant.ModelName === undefined) continue;
      const identity = {
        name: variant.VariantName,
        kind: "model",
        endpointName: name,
        variantName: variant.VariantName,
      } as const;
      const workload = new Workload(
        identity,
        revisionOf(variant),
        variant.InitialInstanceCount ?? 1,
        services,
        this.changed,
      );
      this.#workloads.set(variant.VariantName, workload);
    }
    this.changed();
  }

  get config(): NamedConfig {
    return this.#config;
  }
  get status(): EndpointStatus {
    return this.#status;
  }
  get failureReason(): string | undefined {
    return this.#failureReason;
  }
  get modifiedMillis(): number {
    return this.#modifiedMillis;
  }
  get fleets(): readonly Fleet[] {
    return [...this.#fleets.values()];
  }
  get workloads(): readonly Workload[] {
    return [...this.#workloads.values()];
  }
  get hostsComponents(): boolean {
    return this.#config.ProductionVariants.some(({ ModelName }) => ModelName === undefined);
  }
  workload(name: string): Workload | undefined {
    return this.#workloads.get(name);
  }

  addComponent(name: string, variantName: string, revision: Revision, desired: number): Workload {
    const identity = { name, kind: "component", endpointName: this.name, variantName } as const;
    const workload = new Workload(identity, revision, desired, this.#services, this.changed);
    this.#workloads.set(name, workload);
    this.changed();
    return workload;
  }

  async removeComponent(name: string): Promise<void> {
    await this.#workloads.get(name)?.delete("drain");
    this.#workloads.delete(name);
    this.changed();
  }

  update(config: NamedConfig, revisionOf: (variant: VariantDefinition) => Revision): void {
    this.#config = config;
    for (const variant of config.ProductionVariants) {
      this.#fleets.get(variant.VariantName)?.reconfigure(variant);
      const workload = this.#workloads.get(variant.VariantName);
      if (variant.ModelName !== undefined && workload?.identity.kind === "model") {
        workload.update(revisionOf(variant), undefined, variant.InitialInstanceCount ?? workload.desired);
      }
    }
    this.#become("Updating");
    this.changed();
  }

  /** Settles in the next turn, once for any number of changes. */
  readonly changed = (): void => {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      if (this.#status !== "Deleting") this.#settle();
    });
  };

  async delete(how: "drain" | "at-once"): Promise<void> {
    this.#status = "Deleting";
    await Promise.all(this.workloads.map((workload) => workload.delete(how)));
    for (const fleet of this.#fleets.values()) fleet.stop();
  }

  #settle(): void {
    for (const workload of this.#workloads.values()) workload.adjust();
    for (const [variantName, fleet] of this.#fleets) {
      fleet.reconcile(this.workloads.filter(({ identity }) => identity.variantName === variantName));
    }
    const models = this.workloads.filter(({ identity }) => identity.kind === "model");
    const failed = models.find(({ status }) => status === "Failed");
    if (failed !== undefined) {
      this.#failureReason = failed.failureReason;
      if (this.#status !== "Failed") this.#become("Failed");
    } else if (this.#status === "Creating" || this.#status === "Updating") {
      const modelsServe = models.every(({ status }) => status === "InService");
      if (modelsServe && this.fleets.every(({ ready }) => ready)) this.#become("InService");
    }
  }

  #become(status: EndpointStatus): void {
    this.#status = status;
    this.#modifiedMillis = this.#services.context.clock();
  }
}
