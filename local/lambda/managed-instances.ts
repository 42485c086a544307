import type { InvocationResult } from "../simulator.ts";
import type { EnvironmentInvocation } from "./execution-environment.ts";
import { type FailureOf, ManagedEnvironment } from "./managed-environment.ts";
import type { LambdaOptions } from "./options.ts";
import { RunningInvocation } from "./running-invocation.ts";
import type { SandboxServices } from "./sandbox-services.ts";
import type { ThreadDoor, ThreadFunction } from "./thread-door.ts";
import { throttled } from "./throttling.ts";
import type { VersionPool } from "./version-pool.ts";

export interface ManagedInvocation {
  readonly result: Promise<InvocationResult>;
  readonly over: Promise<void>;
  /** The caller went away. */
  cancel?(): void;
}

interface Waiter {
  readonly invocation: EnvironmentInvocation;
  readonly granted: PromiseWithResolvers<ManagedInvocation>;
  readonly timer: NodeJS.Timeout;
  readonly signal: AbortSignal | undefined;
}

interface Fleet {
  readonly pool: VersionPool;
  readonly waiters: Waiter[];
  environment: ManagedEnvironment | undefined;
  starting: boolean;
  doors: Doors | undefined;
}

/** What the threads of a fleet's environments answer themselves. */
interface Doors {
  readonly door: ThreadDoor;
  readonly functions: ReadonlyMap<string, ThreadFunction>;
}

/**
 * Functions on managed instances: this machine is the one instance, with one execution environment per function. It starts
 * with the platform and holds as many requests as the template says. AWS throttles what exceeds that until it has scaled
 * out, which takes minutes; here the next ones wait, bounded in number and time, before they are throttled.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-scaling.html
 */
export class ManagedInstances {
  readonly #options: Pick<LambdaOptions, "maxQueuedRequests" | "maxQueueMillis">;
  readonly #services: SandboxServices;
  readonly #fleets = new Map<VersionPool, Fleet>();
  readonly #live = new Set<ManagedEnvironment>();
  readonly #starts = new Set<Promise<void>>();
  #queued = 0;
  #stopped = false;

  constructor(options: Pick<LambdaOptions, "maxQueuedRequests" | "maxQueueMillis">, services: SandboxServices) {
    this.#options = options;
    this.#services = services;
  }

  /** Starts the environment that the pool's version wants, beside one of an older version, which ends with its last request. */
  start(pool: VersionPool): void {
    const fleet = this.#fleetOf(pool);
    if (fleet.environment?.version !== pool.version) {
      fleet.environment?.retire();
      fleet.environment = undefined;
    }
    if (this.#stopped || fleet.starting || fleet.environment !== undefined) return;
    fleet.starting = true;
    const started = this.#startEnvironment(fleet).finally(() => this.#starts.delete(started));
    this.#starts.add(started);
  }

  /** Has the threads of the pool's environments, this one and those after it, open doors that answer for these functions. */
  openDoors(pool: VersionPool, door: ThreadDoor, functions: ReadonlyMap<string, ThreadFunction>): void {
    const fleet = this.#fleetOf(pool);
    fleet.doors = { door, functions };
    this.#openDoors(fleet);
  }

  /**
   * Resolves when an environment has taken it. Rejects with TooManyRequestsException when the queue is full or the wait too long,
   * with the signal's reason when the caller left before.
   */
  invoke(pool: VersionPool, invocation: EnvironmentInvocation, signal?: AbortSignal): Promise<ManagedInvocation> {
    const fleet = this.#fleetOf(pool);
    this.start(pool);
    if (fleet.waiters.length === 0) {
      const environment = this.#ready(fleet);
      if (environment !== undefined) return Promise.resolve(given(environment.invoke(invocation), signal));
    }
    if (this.#stopped || this.#queued >= this.#options.maxQueuedRequests) {
      return Promise.reject(throttled("ConcurrentInvocationLimitExceeded"));
    }
    const waiter: Waiter = {
      invocation,
      granted: Promise.withResolvers(),
      timer: setTimeout(() => {
        if (this.#leave(fleet, waiter)) waiter.granted.reject(throttled("ConcurrentInvocationLimitExceeded"));
      }, this.#options.maxQueueMillis),
      signal,
    };
    signal?.addEventListener("abort", () => {
      if (this.#leave(fleet, waiter)) waiter.granted.reject(signal.reason);
    });
    fleet.waiters.push(waiter);
    this.#queued++;
    this.#dispatch(fleet);
    return waiter.granted.promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const fleet of this.#fleets.values()) {
      for (const waiter of [...fleet.waiters]) {
        this.#leave(fleet, waiter);
        waiter.granted.reject(throttled("ConcurrentInvocationLimitExceeded"));
      }
    }
    await Promise.allSettled(this.#starts);
    await Promise.all([...this.#live].map((environment) => environment.stop()));
  }

  #fleetOf(pool: VersionPool): Fleet {
    const known = this.#fleets.get(pool);
    if (known !== undefined) return known;
    const fleet: Fleet = { pool, waiters: [], environment: undefined, starting: false, doors: undefined };
    this.#fleets.set(pool, fleet);
    return fleet;
  }

  async #startEnvironment(fleet: Fleet): Promise<void> {
    try {
      const environment = await ManagedEnvironment.start(fleet.pool.version, this.#services, {
        onRoom: () => this.#dispatch(fleet),
        onEnd: (ended, failureOf) => this.#ended(fleet, ended, failureOf),
      });
      fleet.environment = environment;
      this.#live.add(environment);
      this.#openDoors(fleet);
    } catch (error) {
      for (const waiter of [...fleet.waiters]) {
        this.#leave(fleet, waiter);
        waiter.granted.reject(error);
      }
    } finally {
      fleet.starting = false;
    }
  }

  #openDoors({ environment, doors }: Fleet): void {
    if (environment === undefined || doors === undefined) return;
    const { timeoutSeconds, activeTracing } = environment.version;
    const { maxQueuedRequests, maxQueueMillis } = this.#options;
    const { door, functions } = doors;
    environment.openDoors(door, { functions, timeoutSeconds, activeTracing, maxQueuedRequests, maxQueueMillis });
  }

  #ended(fleet: Fleet, environment: ManagedEnvironment, failureOf: FailureOf | undefined): void {
    this.#live.delete(environment);
    if (fleet.environment === environment) fleet.environment = undefined;
    if (failureOf !== undefined) {
      // Those who waited for it are told; the next request tries anew.
      for (const waiter of [...fleet.waiters]) {
        this.#leave(fleet, waiter);
        waiter.granted.resolve(failed(waiter.invocation, failureOf, this.#services.monotonicMillis));
      }
    } else if (fleet.waiters.length > 0) this.start(fleet.pool);
  }

  #dispatch(fleet: Fleet): void {
    for (;;) {
      const environment = this.#ready(fleet);
      const waiter = fleet.waiters[0];
      if (environment === undefined || waiter === undefined) return;
      this.#leave(fleet, waiter);
      waiter.granted.resolve(given(environment.invoke(waiter.invocation), waiter.signal));
    }
  }

  #ready({ environment, pool }: Fleet): ManagedEnvironment | undefined {
    return environment?.version === pool.version && environment.hasRoom ? environment : undefined;
  }

  #leave(fleet: Fleet, waiter: Waiter): boolean {
    const index = fleet.waiters.indexOf(waiter);
    if (index < 0) return false;
    fleet.waiters.splice(index, 1);
    clearTimeout(waiter.timer);
    this.#queued--;
    return true;
  }
}

function given(invocation: ManagedInvocation, signal: AbortSignal | undefined): ManagedInvocation {
  if (signal?.aborted) invocation.cancel?.();
  else signal?.addEventListener("abort", () => invocation.cancel?.());
  return invocation;
}

function failed(invocation: EnvironmentInvocation, failureOf: FailureOf, now: () => number): ManagedInvocation {
  const answer = new RunningInvocation(invocation.requestId, invocation.responseMode, now);
  answer.fail(failureOf(invocation.requestId));
  return { result: answer.result, over: answer.over };
}
