/**
 * Small records of a slow store, kept in memory and never older than promised. Made for processes that freeze between
 * requests: only the clock decides, never a timer, and a read that was under way before a freeze is not trusted after it
 * (its answer counts from the moment it was asked for).
 */
import { RecencyMap } from "./recency-map.ts";

export interface RefreshingCacheOptions<T> {
  /** Undefined: there is no such record. Rejects when the store does not answer. */
  read(key: string): Promise<T | undefined>;
  /** Milliseconds since the epoch. */
  clock(): number;
  /** Older than this: answered from memory, and read again behind the request's back. */
  readonly refreshBehindAfterMillis: number;
  /** Older than this: read again before it is used. */
  readonly refreshBeforeAfterMillis: number;
  /** Oldest record that may be answered while the store does not answer. */
  readonly lastKnownForMillis: number;
  /** How long "no such record" is believed. */
  readonly absentForMillis: number;
  /** Records, and as many absent ones beside them: a flood of unknown keys pushes no record out. */
  readonly capacity: number;
}

export interface RefreshingCache<T> {
  /** Answers at once, without a promise, when the record in memory is fresh enough. */
  get(key: string): T | undefined | Promise<T | undefined>;
  /** As `get`, for who knows of something newer: reads again unless the record was read within the last `maxAgeMillis`. */
  getNewerThan(key: string, maxAgeMillis: number): Promise<T | undefined>;
}

interface Entry<T> {
  readonly value: T;
  /** When the read was started that brought it. */
  readonly readAt: number;
  failedAt?: number;
}

interface Flight<T> {
  readonly startedAt: number;
  readonly result: Promise<T | undefined>;
}

/** A read that began longer ago may have been frozen in between: whoever needs the record starts another. */
const JOIN_WITHIN_MILLIS = 1_000;
/** After a failure the last known record serves without waiting for the store, which is asked again behind it. */
const FAILURE_HOLDS_MILLIS = 2_000;

export function createRefreshingCache<T>(options: RefreshingCacheOptions<T>): RefreshingCache<T> {
  const { clock } = options;
  const entries = new RecencyMap<string, Entry<T>>(options.capacity);
  const absentSince = new RecencyMap<string, number>(options.capacity);
  const flights = new Map<string, Flight<T>>();

  async function readNow(key: string, startedAt: number): Promise<T | undefined> {
    const value = await options.read(key);
    const known = entries.get(key);
    if (known !== undefined && known.readAt > startedAt) return known.value;
    if (value === undefined) {
      entries.delete(key);
      absentSince.set(key, startedAt);
    } else {
      absentSince.delete(key);
      entries.set(key, { value, readAt: startedAt });
    }
    return value;
  }

  function refresh(key: string): Promise<T | undefined> {
    const now = clock();
    const current = flights.get(key);
    if (current !== undefined && isWithin(current.startedAt, now, JOIN_WITHIN_MILLIS)) return current.result;
    const result = readNow(key, now).finally(() => {
      if (flights.get(key)?.result === result) flights.delete(key);
    });
    flights.set(key, { startedAt: now, result });
    return result;
  }

  function refreshBehind(key: string, entry: Entry<T>): void {
    refresh(key).catch(() => {
      entry.failedAt = clock();
    });
  }

  async function refreshBefore(key: string, entry: Entry<T> | undefined): Promise<T | undefined> {
    try {
      return await refresh(key);
    } catch (error) {
      if (entry === undefined || !isWithin(entry.readAt, clock(), options.lastKnownForMillis)) throw error;
      entry.failedAt = clock();
      return entry.value;
    }
  }

  return {
    get(key) {
      const now = clock();
      const entry = entries.get(key);
      if (entry === undefined) {
        const since = absentSince.get(key);
        return since !== undefined && isWithin(since, now, options.absentForMillis)
          ? undefined
          : refreshBefore(key, entry);
      }
      if (isWithin(entry.readAt, now, options.refreshBehindAfterMillis)) return entry.value;
      const failedJustNow = entry.failedAt !== undefined && isWithin(entry.failedAt, now, FAILURE_HOLDS_MILLIS);
      const servesMeanwhile = failedJustNow ? options.lastKnownForMillis : options.refreshBeforeAfterMillis;
      if (!isWithin(entry.readAt, now, servesMeanwhile)) return refreshBefore(key, entry);
      refreshBehind(key, entry);
      return entry.value;
    },
    async getNewerThan(key, maxAgeMillis) {
      const now = clock();
      const entry = entries.get(key);
      if (entry !== undefined && isWithin(entry.readAt, now, maxAgeMillis)) return entry.value;
      return refreshBefore(key, entry);
    },
  };
}

/** A clock that was set back makes things look younger than zero: that is not "within", so they are read again. */
const isWithin = (since: number, now: number, millis: number): boolean => now >= since && now - since <= millis;
