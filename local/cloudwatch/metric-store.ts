import { Distribution } from "./distribution.ts";

export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  /** Name → value; the order means nothing. */
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface Datum extends MetricName {
  readonly timestampMillis: number;
  readonly unit: string;
  /** Seconds: 60, or 1 for high resolution. */
  readonly resolution: 1 | 60;
  readonly values: Distribution;
}

interface Series extends MetricName {
  readonly unit: string;
  /** Start of the second or minute, in seconds since the epoch → what was measured in it. */
  readonly points: Map<number, Distribution>;
  lastWrittenMillis: number;
}

/** A week of minutes, or 2.8 hours of seconds. */
export const MAX_POINTS_PER_SERIES = 10_080;
export const MAX_SERIES = 5_000;
/** All series together: some hundred megabytes at most. The series that was written least recently goes first. */
export const MAX_POINTS = 400_000;

/** Metrics in memory; a restart forgets them. */
export class MetricStore {
  readonly #series = new Map<string, Series>();
  #points = 0;

  record(datum: Datum): void {
    const key = seriesKey(datum, datum.unit);
    const series = this.#series.get(key) ?? {
      namespace: datum.namespace,
      name: datum.name,
      dimensions: datum.dimensions,
      unit: datum.unit,
      points: new Map<number, Distribution>(),
      lastWrittenMillis: 0,
    };
    // Last in the map: written most recently.
    this.#series.delete(key);
    this.#series.set(key, series);
    series.lastWrittenMillis = datum.timestampMillis;

    const seconds = Math.floor(datum.timestampMillis / 1000);
    const start = seconds - (seconds % datum.resolution);
    let point = series.points.get(start);
    if (point === undefined) {
      point = new Distribution();
      series.points.set(start, point);
      this.#points++;
    }
    point.merge(datum.values);
    if (series.points.size > MAX_POINTS_PER_SERIES) this.#dropOldestPoint(series);
    while ((this.#series.size > MAX_SERIES || this.#points > MAX_POINTS) && this.#series.size > 1)
      this.#dropOldestSeries();
  }

  /**
   * What was measured in [from, to), by period and unit; `unit` undefined takes every unit. Periods without a value are
   * absent.
   */
  read(
    metric: MetricName,
    window: { readonly fromSeconds: number; readonly toSeconds: number; readonly periodSeconds: number },
    unit?: string,
  ): Map<string, Map<number, Distribution>> {
    const result = new Map<string, Map<number, Distribution>>();
    const { fromSeconds, toSeconds, periodSeconds } = window;
    const name = seriesKey(metric, "");
    for (const [key, series] of this.#series) {
      if (!key.startsWith(name) || (unit !== undefined && series.unit !== unit)) continue;
      for (const [start, point] of series.points) {
        if (start < fromSeconds || start >= toSeconds) continue;
        const period = start - (start % periodSeconds);
        const periods = result.get(series.unit) ?? new Map<number, Distribution>();
        const merged = periods.get(period) ?? new Distribution();
        merged.merge(point);
        periods.set(period, merged);
        result.set(series.unit, periods);
      }
    }
    return result;
  }

  /** Each metric once, however many units it was measured in. */
  list(): (MetricName & { readonly lastWrittenMillis: number })[] {
    const metrics = new Map<string, Series>();
    for (const series of this.#series.values()) metrics.set(seriesKey(series, ""), series);
    return [...metrics.values()];
  }

  #dropOldestPoint(series: Series): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const start of series.points.keys()) oldest = Math.min(oldest, start);
    series.points.delete(oldest);
    this.#points--;
  }

  #dropOldestSeries(): void {
    const [oldest] = this.#series;
    if (oldest === undefined) return;
    this.#series.delete(oldest[0]);
    this.#points -= oldest[1].points.size;
  }
}

/** The unit stands last, so that a metric's series share a prefix. */
function seriesKey({ namespace, name, dimensions }: MetricName, unit: string): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify([namespace, name, sorted])} ${unit}`;
}
