/**
 * What SageMaker measures of hosting, in the namespace AWS/SageMaker.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
 */
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import type { Workload, WorkloadIdentity } from "./hosting/workload.ts";

const NAMESPACE = "AWS/SageMaker";
const MICROS_PER_MILLI = 1_000;

type Unit = "Count" | "None" | "Microseconds";

export interface InvocationOutcome {
  /** Of the answer to the caller. */
  readonly status: number;
  /** Milliseconds until the container's answer was complete; until its first part for streams. */
  readonly modelMillis: number;
  readonly overheadMillis: number;
  readonly streamed: boolean;
  readonly brokeMidStream: boolean;
}

export class HostingMetrics {
  readonly #recorder: MetricRecorder;
  readonly #clock: () => number;

  constructor(recorder: MetricRecorder, clock: () => number) {
    this.#recorder = recorder;
    this.#clock = clock;
  }

  invocation({ identity, serving }: Workload, outcome: InvocationOutcome): void {
    const record = (name: string, value: number, unit: Unit = "None") => this.#record(identity, name, value, unit);
    const { status, streamed } = outcome;
    record("Invocations", 1);
    record(
      identity.kind === "component" ? "InvocationsPerCopy" : "InvocationsPerInstance",
      1 / Math.max(1, serving.length),
    );
    record("Invocation4XXErrors", status >= 400 && status < 500 ? 1 : 0);
    record("Invocation5XXErrors", status >= 500 ? 1 : 0);
    record("InvocationModelErrors", status === 424 ? 1 : 0);
    if (streamed) record("MidStreamErrors", outcome.brokeMidStream ? 1 : 0);
    if (status !== 200) return;
    const [model, overhead] = streamed
      ? ["FirstChunkModelLatency", "FirstChunkOverheadLatency"]
      : ["ModelLatency", "OverheadLatency"];
    record(model as string, outcome.modelMillis * MICROS_PER_MILLI, "Microseconds");
    record(overhead as string, outcome.overheadMillis * MICROS_PER_MILLI, "Microseconds");
  }

  /** The backstop's alarm looks at this one: in the resolution of seconds, as its period of 30 s asks. */
  noCapacity(identity: WorkloadIdentity): void {
    this.#record(identity, "NoCapacityInvocationFailures", 1, "Count", 1);
  }

  /** High resolution: target tracking reads it in periods of ten seconds. */
  concurrency(workload: Workload, concurrent: number): void {
    const copies = workload.serving.length;
    const { identity } = workload;
    if (copies === 0) return;
    const name = identity.kind === "component" ? "ConcurrentRequestsPerCopy" : "ConcurrentRequestsPerModel";
    this.#record(identity, name, concurrent / copies, "Count", 1);
  }

  /** https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html */
  backlog(endpointName: string, waiting: number, instances: number): void {
    const record = (name: string, value: number) =>
      this.#recorder.recordMetric({
        namespace: NAMESPACE,
        name,
        dimensions: { EndpointName: endpointName },
        timestampMillis: this.#clock(),
        unit: "Count",
        value,
      });
    record("ApproximateBacklogSize", waiting);
    record("HasBacklogWithoutCapacity", waiting > 0 && instances === 0 ? 1 : 0);
    if (instances > 0) record("ApproximateBacklogSizePerInstance", waiting / instances);
  }

  #record(identity: WorkloadIdentity, name: string, value: number, unit: Unit, resolution: 1 | 60 = 60): void {
    const dimensions: Readonly<Record<string, string>> =
      identity.kind === "component"
        ? { InferenceComponentName: identity.name }
        : { EndpointName: identity.endpointName, VariantName: identity.variantName };
    const timestampMillis = this.#clock();
    this.#recorder.recordMetric({ namespace: NAMESPACE, name, dimensions, timestampMillis, unit, resolution, value });
  }
}
