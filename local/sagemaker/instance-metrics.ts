/**
 * Each instance in service tells of itself once a minute, so that the number of values counts instance minutes.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html (endpoint instance metrics)
 */
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import type { HostedEndpoint } from "./hosting/hosted-endpoint.ts";

const NAMESPACE = "/aws/sagemaker/Endpoints";
const MINUTE_MILLIS = 60_000;

export class InstanceMetrics {
  readonly #recorder: MetricRecorder;
  /** Instance → when it spoke last, milliseconds since the epoch. */
  readonly #told = new Map<string, number>();

  constructor(recorder: MetricRecorder) {
    this.#recorder = recorder;
  }

  tick(endpoints: Iterable<Pick<HostedEndpoint, "name" | "fleets">>, nowMillis: number): void {
    const running = new Set<string>();
    for (const { name: EndpointName, fleets } of endpoints) {
      for (const { variant, instances } of fleets) {
        for (const { id, state } of instances) {
          if (state !== "in-service") continue;
          running.add(id);
          if (nowMillis - (this.#told.get(id) ?? Number.NEGATIVE_INFINITY) < MINUTE_MILLIS) continue;
          this.#told.set(id, nowMillis);
          this.#recorder.recordMetric({
            ...{ namespace: NAMESPACE, name: "CPUUtilization", unit: "Percent", value: 0, timestampMillis: nowMillis },
            dimensions: { EndpointName, VariantName: variant.VariantName },
          });
        }
      }
    }
    for (const id of this.#told.keys()) if (!running.has(id)) this.#told.delete(id);
  }
}
