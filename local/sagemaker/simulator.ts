import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ScalableResource } from "../application-autoscaling/scalable-resource.ts";
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import { Reaper } from "../lambda/reaper.ts";
import type { AccessControl, LogSink, Simulator, SimulatorContext } from "../simulator.ts";
import { createContainerAgent } from "./container/call-container.ts";
import type { ContainerCommand } from "./container/command.ts";
import { Hosting } from "./hosting/hosting.ts";
import type { HostingServices } from "./hosting/services.ts";
import { HostingMetrics } from "./hosting-metrics.ts";
import { InstanceMetrics } from "./instance-metrics.ts";
import { DEFAULT_SAGEMAKER_OPTIONS, type SageMakerOptions } from "./options.ts";
import { sageMakerResources } from "./resources.ts";
import { AsyncQueue } from "./runtime-api/async-queue.ts";
import type { RuntimeServices } from "./runtime-api/call-copy.ts";
import { Faults } from "./runtime-api/faults.ts";
import { createRuntimeApi } from "./runtime-api/service.ts";
import { Sessions } from "./runtime-api/sessions.ts";
import { scalableDimensions } from "./scalable-dimensions.ts";
import { createSageMakerService } from "./service.ts";

export interface SageMakerDependencies {
  readonly access: AccessControl;
  readonly logs: LogSink;
  readonly metrics: MetricRecorder;
  readonly alarms: { stateOf(name: string): "OK" | "ALARM" | "INSUFFICIENT_DATA" | undefined };
  /** What runs in place of every image. Absent: endpoints can be created, and their copies fail with a reason. */
  readonly container?: ContainerCommand;
  /** What differs from DEFAULT_SAGEMAKER_OPTIONS. */
  readonly options?: Partial<SageMakerOptions>;
  /** For how long containers may take to start. Default: the machine's own. */
  readonly monotonicMillis?: () => number;
}

export interface SageMakerSimulator extends Simulator {
  /** What application auto scaling may change, by scalable dimension. */
  readonly scalable: Readonly<Record<string, ScalableResource>>;
}

/** SageMaker hosting: endpoints whose copies are real processes, their control plane, and the API that calls them. */
export function createSageMakerSimulator(
  context: SimulatorContext,
  dependencies: SageMakerDependencies,
): SageMakerSimulator {
  const options = { ...DEFAULT_SAGEMAKER_OPTIONS, ...dependencies.options };
  const { access, logs, alarms } = dependencies;
  const { clock } = context;
  const workDirectory = join(context.stateDirectory, "sagemaker");
  const agent = createContainerAgent();
  const reaper = new Reaper();
  const services: HostingServices = {
    context,
    access,
    logs,
    reaper,
    agent,
    options,
    command: dependencies.container,
    workDirectory,
    sleep: (millis, signal) => sleep(millis, undefined, { signal }),
    monotonicMillis: dependencies.monotonicMillis ?? (() => performance.now()),
    alarmState: (name) => alarms.stateOf(name),
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
  };
  const hosting = new Hosting(services);
  const metrics = new HostingMetrics(dependencies.metrics, clock);
  const instanceMetrics = new InstanceMetrics(dependencies.metrics);
  const runtime: RuntimeServices = { account: context, agent, metrics, options, sessions: new Sessions(), clock };
  const queue = new AsyncQueue(services, runtime);
  const faults = new Faults();
  const tick = () => {
    for (const endpoint of hosting.endpoints.values()) {
      for (const workload of endpoint.workloads) metrics.concurrency(workload, workload.meter.take(clock()));
      if (endpoint.config.AsyncInferenceConfig === undefined) continue;
      const instances = endpoint.workloads.reduce((sum, { serving }) => sum + serving.length, 0);
      metrics.backlog(endpoint.name, queue.waitingFor(endpoint), instances);
    }
    instanceMetrics.tick(hosting.endpoints.values(), clock());
    hosting.tick();
    queue.pump();
  };
  let ticking: NodeJS.Timeout | undefined;

  return {
    resources: sageMakerResources(hosting),
    service: createSageMakerService({ hosting, faults }, createRuntimeApi(hosting, queue, faults, runtime)),
    scalable: scalableDimensions(hosting),
    async start() {
      ticking = setInterval(tick, options.tickMillis);
    },
    async stop() {
      clearInterval(ticking);
      queue.stop();
      await hosting.stop();
      agent.destroy();
      await reaper.stop();
      await rm(workDirectory, { recursive: true, force: true });
    },
  };
}
