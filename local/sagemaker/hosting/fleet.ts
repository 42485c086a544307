/**
 * The instances of one variant: launched when copies have no room, by the priority of the pools, and released when they have
 * long been idle (managed instance scaling).
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantManagedInstanceScaling.html
 */
import type { VariantDefinition } from "../definitions.ts";
import { Instance } from "./instance.ts";
import { choosePlace, fits, neverFits, type Requirements, roomOf } from "./placement.ts";
import type { HostingServices } from "./services.ts";
import type { Workload } from "./workload.ts";

const MILLIS_PER_MINUTE = 60_000;

export class Fleet {
  readonly #services: HostingServices;
  readonly #onChange: () => void;
  #variant: VariantDefinition;
  #instances: Instance[] = [];
  #idleAfterMillis: number;

  constructor(variant: VariantDefinition, services: HostingServices, onChange: () => void) {
    this.#variant = variant;
    this.#services = services;
    this.#onChange = onChange;
    this.#idleAfterMillis = this.#releaseMillis();
    if (variant.ModelName === undefined) {
      for (let count = 0; count < (variant.InitialInstanceCount ?? 1); count++) this.#launchFirst();
    }
  }

  get variant(): VariantDefinition {
    return this.#variant;
  }
  get instances(): readonly Instance[] {
    return this.#instances;
  }
  /** Types by priority; those without one share the first. */
  get types(): readonly string[] {
    const { InstanceType, InstancePools } = this.#variant;
    if (InstanceType !== undefined) return [InstanceType];
    return [...(InstancePools ?? [])].sort((a, b) => a.Priority - b.Priority).map((pool) => pool.InstanceType);
  }
  get ready(): boolean {
    return this.#instances.every(({ state }) => state === "in-service");
  }

  reconfigure(variant: VariantDefinition): void {
    this.#variant = variant;
    this.#idleAfterMillis = this.#releaseMillis();
  }

  /** Gives waiting copies a place, and launches and releases what that takes. */
  reconcile(workloads: readonly Workload[]): void {
    const promised = new Map<Instance, Requirements[]>(
      this.#instances.filter(({ state }) => state === "launching").map((instance) => [instance, []]),
    );
    for (const workload of workloads) {
      for (const copy of workload.waiting) {
        const place = choosePlace(
          this.#instances
            .filter(({ state }) => state === "in-service")
            .flatMap((instance) => {
              const needs = copy.revision.on(instance.type)?.requirements;
              if (needs === undefined) return [];
              const sameWorkload = workload.copies.filter((other) => instance.copies.has(other)).length;
              return [{ instance, needs, room: roomOf(instance.type, requirementsOn(instance)), sameWorkload }];
            }),
          copy.revision.placementStrategy,
        );
        if (place !== undefined) copy.start(place);
        else this.#makeRoom(workload, copy.revision, promised);
      }
    }
    while (this.#variant.ModelName === undefined && this.#instances.length < this.#least(workloads)) {
      if (!this.#launchFirst()) break;
    }
    this.#release(workloads);
  }

  stop(): void {
    for (const instance of this.#instances) instance.release();
    this.#instances = [];
  }

  #makeRoom(workload: Workload, revision: Workload["revision"], promised: Map<Instance, Requirements[]>): void {
    for (const [instance, taken] of promised) {
      const needs = revision.on(instance.type)?.requirements;
      if (needs === undefined || !fits(needs, roomOf(instance.type, taken))) continue;
      taken.push(needs);
      return;
    }
    const reasons = this.types.map((type) => {
      const needs = revision.on(type)?.requirements;
      return needs === undefined ? `no specification for ${type}` : neverFits(type, needs);
    });
    if (reasons.every((reason) => reason !== undefined)) {
      return workload.fail(`No instance type of the variant can hold a copy: ${reasons.join("; ")}.`);
    }
    const suitable = this.types.filter((_, index) => reasons[index] === undefined);
    if (this.#instances.length >= this.#most(workload)) {
      return workload.note(
        `The variant has all ${this.#instances.length} instances that it may have, and none has room.`,
      );
    }
    const type = suitable.find((each) => !this.#services.options.unavailableInstanceTypes.includes(each));
    if (type === undefined) {
      return workload.note(
        `InsufficientInstanceCapacity: there is no capacity of ${suitable.join(", ")} at the moment.`,
      );
    }
    const instance = this.#launch(type);
    promised.set(instance, [revision.on(type)?.requirements as Requirements]);
  }

  #release(workloads: readonly Workload[]): void {
    const now = this.#services.context.clock();
    const waiting = workloads.some((workload) => workload.waiting.length > 0);
    let step = this.#variant.ManagedInstanceScaling?.ScaleInPolicy?.MaximumStepSize ?? Number.POSITIVE_INFINITY;
    for (const instance of [...this.#instances].reverse()) {
      if (this.#instances.length <= this.#least(workloads) || step <= 0 || waiting) return;
      if (instance.state !== "in-service" || instance.copies.size > 0) continue;
      if (this.#variant.ModelName === undefined && now - instance.idleSinceMillis < this.#idleAfterMillis) continue;
      instance.release();
      this.#instances = this.#instances.filter((other) => other !== instance);
      step--;
    }
  }

  #most(workload: Workload): number {
    if (workload.identity.kind === "model") return workload.copies.length;
    const scaling = this.#variant.ManagedInstanceScaling;
    if (scaling?.Status !== "ENABLED") return this.#variant.InitialInstanceCount ?? 1;
    return scaling.MaxInstanceCount ?? Number.POSITIVE_INFINITY;
  }

  #least(workloads: readonly Workload[]): number {
    if (this.#variant.ModelName !== undefined) return workloads.reduce((sum, { desired }) => sum + desired, 0);
    const scaling = this.#variant.ManagedInstanceScaling;
    const initial = this.#variant.InitialInstanceCount ?? 1;
    return scaling?.Status === "ENABLED" ? (scaling.MinInstanceCount ?? initial) : initial;
  }

  /** False when there is no capacity of any type. */
  #launchFirst(): boolean {
    const type = this.types.find((each) => !this.#services.options.unavailableInstanceTypes.includes(each));
    if (type !== undefined) this.#launch(type);
    return type !== undefined;
  }

  #launch(type: string): Instance {
    const instance = new Instance(type, this.#services, this.#onChange);
    this.#instances.push(instance);
    return instance;
  }

  #releaseMillis(): number {
    const minutes = this.#variant.ManagedInstanceScaling?.ScaleInPolicy?.CooldownInMinutes;
    return minutes === undefined ? this.#services.options.instanceReleaseMillis : minutes * MILLIS_PER_MINUTE;
  }
}

const requirementsOn = (instance: Instance): readonly Requirements[] =>
  [...instance.copies].flatMap((copy) => copy.revision.on(instance.type)?.requirements ?? []);
