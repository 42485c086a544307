/**
 * What target tracking wants: two alarms, one above the target, one below nine tenths of it, and a capacity in proportion.
 * https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
 */
export interface TrackingWindows {
  /** Periods in a row above the target until it scales out. */
  readonly highPeriods: number;
  /** Periods in a row below until it scales in. */
  readonly lowPeriods: number;
  readonly periodSeconds: number;
}

/**
 * Seen on AWS: three minutes up, fifteen down; metrics of high resolution make only scaling out faster.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-code-define.html
 */
export const trackingWindows = (highResolution: boolean): TrackingWindows =>
  highResolution
    ? { periodSeconds: 10, highPeriods: 3, lowPeriods: 90 }
    : { periodSeconds: 60, highPeriods: 3, lowPeriods: 15 };

const LOW_SHARE = 0.9;

/**
 * `values`: one for each period, the latest last; undefined where nothing was measured. A capacity, or undefined when
 * neither alarm is on. Without copies there is no metric, and with it no way out of zero: that is step scaling's part.
 */
export function trackedCapacity(
  capacity: number,
  target: number,
  values: readonly (number | undefined)[],
  windows: TrackingWindows,
): number | undefined {
  const all = (count: number, test: (value: number) => boolean) =>
    values.length >= count && values.slice(-count).every((value) => value !== undefined && test(value));
  const latest = values.at(-1);
  if (latest === undefined || capacity === 0) return undefined;
  const wanted = Math.ceil((capacity * latest) / target);
  if (all(windows.highPeriods, (value) => value > target)) return Math.max(capacity + 1, wanted);
  if (all(windows.lowPeriods, (value) => value < LOW_SHARE * target)) return Math.min(capacity, wanted);
  return undefined;
}
