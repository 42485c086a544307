/** Requests of one tenant on several environments, in simulated time, with a store that takes some milliseconds. Counts writes. */
import { createAdmission } from "../../core/metering/admission-by-leases.ts";
import type { AccountStore } from "../../core/metering/leases/account-store.ts";
import { createMemoryAccountStore } from "../../core/metering/leases/memory-account-store.ts";
import type { Clock } from "../../core/serving/clock.ts";
import { NO_TERMS, type Terms } from "../../core/tenants/terms.ts";
import { seededRandom } from "../seeded-random.ts";

export interface Traffic {
  readonly environments: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly terms: Terms;
  /** What a request may cost, and what it does. */
  readonly maximumPricePicodollars: bigint;
  readonly pricePicodollars: bigint;
  readonly serviceMillis: number;
}

export interface TrafficResult {
  readonly admitted: number;
  readonly refused: number;
  /** Code of the error → how many. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Refused ones included: they cost as much. */
  readonly writes: number;
  readonly reads: number;
  /** Share of requests that did not have to wait for the store. */
  readonly warmShare: number;
  readonly requests: number;
}

const STORE_MILLIS = 4;

export async function simulateTraffic(traffic: Traffic): Promise<TrafficResult> {
  const { environments, requestsPerSecond, seconds, terms, serviceMillis } = traffic;
  let now = Date.UTC(2026, 10, 24, 9);
  const events: { readonly at: number; readonly run: () => void }[] = [];
  const after = (millis: number, run: () => void) => {
    const event = { at: now + millis, run };
    // Kept in order; new events are mostly late ones.
    let index = events.length;
    while (index > 0 && (events[index - 1] as typeof event).at > event.at) index--;
    events.splice(index, 0, event);
    return () => void events.splice(events.indexOf(event), 1);
  };
  const clock: Clock = { epochMillis: () => now, monotonicMillis: () => now, after };
  const waited = (millis: number) => new Promise<void>((resolve) => void after(millis, resolve));
  const memory = createMemoryAccountStore();
  const calls = { reads: 0, writes: 0 };
  const store: AccountStore = {
    async read(id) {
      calls.reads++;
      await waited(STORE_MILLIS / 2);
      const account = await memory.read(id);
      await waited(STORE_MILLIS / 2);
      return account;
    },
    async write(id, account) {
      calls.writes++;
      await waited(STORE_MILLIS / 2);
      const outcome = await memory.write(id, account);
      await waited(STORE_MILLIS / 2);
      return outcome;
    },
  };
  const random = seededRandom(1);
  let names = 0;
  const admissions = Array.from({ length: environments }, () =>
    createAdmission({ store, clock, newLeaseId: () => `L${names++}`, random }),
  );
  const reasons: Record<string, number> = {};
  const counts = { admitted: 0, refused: 0, warm: 0, requests: 0 };

  function arrive(): void {
    counts.requests++;
    const admission = admissions[Math.floor(random() * environments)];
    const grant = admission?.admit({
      tenant: "acme",
      keyHash: "aa",
      terms: { tenant: terms, key: NO_TERMS },
      requestId: String(counts.requests),
      maximumPricePicodollars: traffic.maximumPricePicodollars,
      estimatedTokens: 100,
      deadlineMillis: now + 30_000,
      stream: false,
    });
    const finish = (): void => {
      counts.admitted++;
    };
    if (grant instanceof Promise) {
      grant.then(
        (granted) => {
          finish();
          after(serviceMillis, () => void granted.settle(traffic.pricePicodollars, 100));
        },
        (error: { readonly code?: string }) => {
          counts.refused++;
          const why = error.code ?? "internal";
          reasons[why] = (reasons[why] ?? 0) + 1;
        },
      );
    } else if (grant !== undefined) {
      counts.warm++;
      finish();
      after(serviceMillis, () => void grant.settle(traffic.pricePicodollars, 100));
    }
  }

  for (let at = 0; at < seconds * 1000; at -= (1000 / requestsPerSecond) * Math.log(1 - random())) {
    events.push({ at: now + at, run: arrive });
  }
  const endsAt = now + (seconds + 30) * 1000;
  for (let event = events.shift(); event !== undefined && event.at < endsAt; event = events.shift()) {
    now = Math.max(now, event.at);
    event.run();
    await new Promise((resolve) => void setImmediate(resolve));
  }
  const { warm, ...rest } = counts;
  return { ...rest, ...calls, reasons, warmShare: warm / Math.max(1, counts.requests) };
}
