import { randomUUID } from "node:crypto";
import type { MetricReader } from "../cloudwatch/simulator.ts";
import { createJsonApi } from "../endpoint/json-api.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { AUTO_SCALING_OPERATIONS } from "./operations.ts";
import { Registry } from "./registry.ts";
import { autoScalingResources } from "./resources.ts";
import type { ScalableResource } from "./scalable-resource.ts";
import { Scaling } from "./scaling.ts";

export interface ApplicationAutoScalingDependencies {
  readonly metrics: MetricReader;
  /** What can be scaled, by scalable dimension; targets of other dimensions are kept, and nothing happens to them. */
  readonly scalable: Readonly<Record<string, ScalableResource>>;
  /** How often schedules, alarms and metrics are looked at. Default 1,000; 0: only when `tick` is called. */
  readonly tickMillis?: number;
}

const DEFAULT_TICK_MILLIS = 1_000;

/** Application Auto Scaling: target tracking, step scaling and schedules, from the metrics and alarms of CloudWatch here. */
export function createApplicationAutoScalingSimulator(
  context: Pick<SimulatorContext, "region" | "accountId" | "clock" | "emit">,
  { metrics, scalable, tickMillis = DEFAULT_TICK_MILLIS }: ApplicationAutoScalingDependencies,
): Simulator & { tick(): void } {
  const { clock, emit } = context;
  const scaling = new Scaling({ metrics, scalable, clock, emit, uuid: randomUUID });
  const registry = new Registry({ account: context, scaling, scalable, clock, uuid: randomUUID });
  let ticking: NodeJS.Timeout | undefined;
  return {
    resources: autoScalingResources(registry),
    service: createJsonApi({
      service: "Application Auto Scaling",
      signingName: "application-autoscaling",
      targetPrefix: "AnyScaleFrontendService",
      operations: AUTO_SCALING_OPERATIONS,
      facts: registry,
    }),
    tick: () => scaling.tick(),
    async start() {
      if (tickMillis > 0) ticking = setInterval(() => scaling.tick(), tickMillis);
    },
    async stop() {
      clearInterval(ticking);
    },
  };
}
