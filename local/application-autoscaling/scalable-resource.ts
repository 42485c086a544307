/** Something whose capacity application auto scaling changes: implemented by the service that it belongs to. */
export interface ScalableResource {
  /** What is asked for now, not what is there already; undefined when there is no such resource. */
  capacity(resourceId: string): number | undefined;
  /** Throws an Error when the service refuses, as it does while it is busy with the last change. */
  set(resourceId: string, capacity: number): void;
  /** What a predefined metric type means for the resource; undefined for types that it does not have. */
  metric(resourceId: string, predefinedMetricType: string): TrackedMetric | undefined;
}

export interface TrackedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
  /** Published every ten seconds, and looked at as often. */
  readonly highResolution: boolean;
}
