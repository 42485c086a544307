/**
 * An inference component, or the model of a variant: a number of copies that shall run one revision. It makes copies and
 * lets them go; where they run is the fleet's business.
 */
import type { DeploymentConfig } from "../definitions.ts";
import { ConcurrencyMeter } from "./concurrency-meter.ts";
import { Copy, type CopyOwner } from "./copy.ts";
import type { Revision } from "./revision.ts";
import { beginRollout, nextStep, type Rollout } from "./rollout.ts";
import type { HostingServices } from "./services.ts";

export type WorkloadStatus = "Creating" | "InService" | "Updating" | "Failed" | "Deleting";

export interface WorkloadIdentity {
  readonly name: string;
  readonly kind: "component" | "model";
  readonly endpointName: string;
  readonly variantName: string;
}

export class Workload {
  readonly identity: WorkloadIdentity;
  readonly meter: ConcurrencyMeter;
  readonly #services: HostingServices;
  readonly #owner: CopyOwner;
  #copies: Copy[] = [];
  #revision: Revision;
  #rollout: Rollout | undefined;
  #policy: DeploymentConfig | undefined;
  #desired: number;
  #status: WorkloadStatus = "Creating";
  #failureReason: string | undefined;
  /** Why the last update was taken back, until the next change. */
  #rolledBack: string | undefined;
  #modifiedMillis: number;
  /** Copies that go, and when they are gone. */
  readonly #going = new Map<Copy, { readonly how: "drain" | "at-once"; readonly gone: Promise<void> }>();

  constructor(
    identity: WorkloadIdentity,
    revision: Revision,
    desired: number,
    services: HostingServices,
    onChange: () => void,
  ) {
    this.identity = identity;
    this.#revision = revision;
    this.#desired = desired;
    this.#services = services;
    const now = services.context.clock();
    this.#modifiedMillis = now;
    this.meter = new ConcurrencyMeter(now);
    // https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    const logGroup =
      identity.kind === "component"
        ? `/aws/sagemaker/InferenceComponents/${identity.name}`
        : `/aws/sagemaker/Endpoints/${identity.endpointName}`;
    this.#owner = { logGroup, logStreamPrefix: identity.variantName, onChange };
  }

  get logGroup(): string {
    return this.#owner.logGroup;
  }
  get copies(): readonly Copy[] {
    return this.#copies;
  }
  get desired(): number {
    return this.#desired;
  }
  get status(): WorkloadStatus {
    return this.#status;
  }
  get failureReason(): string | undefined {
    return this.#failureReason ?? this.#rolledBack;
  }
  get modifiedMillis(): number {
    return this.#modifiedMillis;
  }
  get revision(): Revision {
    return this.#revision;
  }
  get deployment(): DeploymentConfig | undefined {
    return this.#policy;
  }
  /** Copies that take requests. */
  get serving(): readonly Copy[] {
    return this.#copies.filter((copy) => copy.state.type === "in-service" && !copy.draining);
  }
  get waiting(): readonly Copy[] {
    return this.#copies.filter((copy) => copy.state.type === "waiting" && !copy.draining);
  }
  get inProgress(): boolean {
    return this.#status === "Creating" || this.#status === "Updating" || this.#status === "Deleting";
  }
  scale(desired: number): void {
    this.#desired = desired;
    this.#rolledBack = undefined;
    this.#become("Updating");
  }

  /** A new revision, batch by batch if there is a policy. */
  update(revision: Revision, policy: DeploymentConfig | undefined, desired = this.#desired): void {
    this.#policy = policy;
    this.#desired = desired;
    this.#rolledBack = undefined;
    const now = this.#services.context.clock();
    this.#rollout = beginRollout(this.#revision, revision, policy?.RollingUpdatePolicy, desired, now);
    this.#become("Updating");
  }

  fail(reason: string): void {
    if (this.#status === "Failed") return;
    this.#failureReason = reason.slice(0, 1_024);
    this.#become("Failed");
    for (const copy of this.#copies) void this.#stop(copy, "at-once");
  }

  /** Why copies wait that have no place; told, and tried again when something changes. */
  note(reason: string): void {
    this.#failureReason = reason;
  }

  async delete(how: "drain" | "at-once"): Promise<void> {
    this.#become("Deleting");
    this.#desired = 0;
    this.#rollout = undefined;
    await Promise.all(this.#copies.map((copy) => this.#stop(copy, how)));
  }

  /** Copies as they should be, as far as the workload itself can do it. */
  adjust(): void {
    const dead = this.#copies.filter((copy) => copy.state.type === "failed" && !this.#going.has(copy));
    const failure = dead
      .map((copy) => (copy.served ? undefined : failureOf(copy)))
      .find((reason) => reason !== undefined);
    for (const copy of dead) void this.#stop(copy, "at-once");
    if (this.#status === "Failed" || this.#status === "Deleting") return;
    if (this.#rollout !== undefined) this.#stepRollout(failure);
    else if (failure !== undefined) return this.fail(failure);
    const rollout = this.#rollout;
    if (rollout === undefined) this.#adjustTo(this.#revision, this.#desired);
    else {
      this.#adjustTo(rollout.to, Math.min(rollout.wanted, this.#desired));
      const serving = this.#of(rollout.to).filter((copy) => copy.state.type === "in-service").length;
      // The old ones go when as many of the new ones serve.
      this.#lower(rollout.from, Math.max(0, this.#desired - serving));
    }
    const settled = rollout === undefined && this.serving.length === this.#desired && this.#going.size === 0;
    if (settled && this.#status !== "InService") {
      this.#failureReason = undefined;
      this.#become("InService");
    } else if (!settled && this.#status === "InService") this.#become("Updating");
  }

  #stepRollout(failure: string | undefined): void {
    const rollout = this.#rollout as Rollout;
    const alarms = this.#policy?.AutoRollbackConfiguration?.Alarms ?? [];
    const step = nextStep(
      rollout,
      {
        desired: this.#desired,
        servingNew: this.#of(rollout.to).filter((copy) => copy.state.type === "in-service").length,
        oldLeft: this.#copies.filter((copy) => copy.revision === rollout.from).length,
        nowMillis: this.#services.context.clock(),
        alarm: alarms.find(({ AlarmName }) => this.#services.alarmState(AlarmName) === "ALARM")?.AlarmName,
        failure,
      },
      this.#policy?.RollingUpdatePolicy,
    );
    switch (step.type) {
      case "go-on":
        this.#rollout = step.rollout;
        if (step.rollout.direction === "back") this.#lower(step.rollout.from, 0, "unserved");
        break;
      case "done":
        this.#rollout = undefined;
        this.#revision = step.revision;
        this.#rolledBack = step.reason;
        break;
      case "failed":
        this.#rollout = undefined;
        this.fail(step.reason);
    }
  }

  /** Copies of a revision that are meant to stay. */
  #of(revision: Revision): Copy[] {
    return this.#copies.filter((copy) => copy.revision === revision && !copy.draining && copy.state.type !== "failed");
  }

  #adjustTo(revision: Revision, wanted: number): void {
    for (let missing = wanted - this.#of(revision).length; missing > 0; missing--) {
      this.#copies.push(new Copy(revision, this.#owner, this.#services));
    }
    this.#lower(revision, wanted);
  }

  /** Those go first that do not serve, then those with least to do. */
  #lower(revision: Revision, wanted: number, which: "any" | "unserved" = "any"): void {
    const order = (copy: Copy) => (copy.state.type === "in-service" ? 1 + copy.inFlight : 0);
    const candidates = this.#of(revision)
      .filter((copy) => which === "any" || copy.state.type !== "in-service")
      .sort((a, b) => order(a) - order(b));
    const surplus = this.#of(revision).length - wanted;
    for (const copy of candidates.slice(0, Math.max(0, surplus))) void this.#stop(copy, "drain");
  }

  #stop(copy: Copy, how: "drain" | "at-once"): Promise<void> {
    const going = this.#going.get(copy);
    if (going?.how === "at-once" || going?.how === how) return going.gone;
    const gone = copy.stop(how).then(() => {
      if (!this.#going.delete(copy)) return;
      this.#copies = this.#copies.filter((other) => other !== copy);
      this.#owner.onChange();
    });
    this.#going.set(copy, { how, gone });
    return gone;
  }

  #become(status: WorkloadStatus): void {
    this.#status = status;
    this.#modifiedMillis = this.#services.context.clock();
    this.#owner.onChange();
  }
}

const failureOf = (copy: Copy): string | undefined => (copy.state.type === "failed" ? copy.state.reason : undefined);
