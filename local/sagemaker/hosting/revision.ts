import type { ModelData } from "../container/model-data.ts";
import type { ComponentDefinition } from "../definitions.ts";
import type { Requirements } from "./placement.ts";

/** What a copy runs on one kind of instance. */
export interface ContainerRevision {
  readonly image: string;
  readonly modelData: ModelData;
  readonly environment: Readonly<Record<string, string>>;
  readonly requirements: Requirements;
  readonly startupMillis: number;
}

/** What the copies of a workload run; an update makes a new one, and a rollback goes back to the old. */
export interface Revision {
  readonly number: number;
  /** As it was asked for; empty for the model of a variant. */
  readonly asked: Pick<ComponentDefinition, "Specification" | "Specifications">;
  readonly roleArn: string | undefined;
  readonly networkIsolation: boolean;
  readonly placementStrategy: "SPREAD" | "BINPACK";
  /** Undefined when the instance type is not among those that the specifications name. */
  on(instanceType: string): ContainerRevision | undefined;
}
