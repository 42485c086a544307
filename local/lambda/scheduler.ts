import { ExecutionEnvironment } from "./execution-environment.ts";
import type { LambdaOptions } from "./options.ts";
import type { SandboxServices } from "./sandbox-services.ts";
import { throttled } from "./throttling.ts";
import type { VersionPool } from "./version-pool.ts";

type SchedulerOptions = Pick<
  LambdaOptions,
  "concurrency" | "parallelStarts" | "maxQueuedRequests" | "maxQueueMillis" | "idleMillis"
>;

/**
 * A function that has answered asks for its next invocation a moment later; a request that arrives in that moment waits
 * for it rather than start another environment. One that works on after its answer is given up on.
 */
const FINISHING_MILLIS = 25;

interface Waiter {
  readonly pool: VersionPool;
  readonly depth: number;
  readonly granted: PromiseWithResolvers<ExecutionEnvironment>;
  readonly timer: NodeJS.Timeout;
}

/** Requests of one depth: those that wait, in order, and how many run or have a start under way on their behalf. */
interface Lane {
  readonly waiters: Waiter[];
  running: number;
  starting: number;
}

/**
 * Gives every request an execution environment: an idle one, else a new one, else the first that becomes free. A request
 * is not bound to the start that it caused: it takes whatever is free first, and the new environment serves the next.
 *
 * AWS starts an environment for every request that finds none idle, and throttles beyond a quota of 1,000; one machine
 * would only slow itself down. So requests wait here, bounded in number and time, before they are throttled.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #services: SandboxServices;
  readonly #lanes: Lane[] = [];
  readonly #startsOfPool = new Map<VersionPool, number>();
  readonly #pendingStarts = new Set<Promise<unknown>>();
  readonly #idleTimers = new Map<ExecutionEnvironment, NodeJS.Timeout>();
  readonly #live = new Set<ExecutionEnvironment>();
  readonly #running = new Set<ExecutionEnvironment>();
  #laterTimer: NodeJS.Timeout | undefined;
  #starting = 0;
  #stopped = false;

  constructor(options: SchedulerOptions, services: SandboxServices) {
    this.#options = options;
    this.#services = services;
  }

  /** Rejects with TooManyRequestsException when the queue is full or the wait too long. */
  acquire(pool: VersionPool, depth: number): Promise<ExecutionEnvironment> {
    const lane = this.#lane(depth);
    if (lane.waiters.length === 0 && lane.running < this.#options.concurrency) {
      const environment = pool.takeIdle();
      if (environment !== undefined) return Promise.resolve(this.#grant(environment, lane, depth));
    }
    if (this.#stopped || lane.waiters.length >= this.#options.maxQueuedRequests) {
      return Promise.reject(throttled("ConcurrentInvocationLimitExceeded"));
    }
    const waiter: Waiter = {
      pool,
      depth,
      granted: Promise.withResolvers(),
      timer: setTimeout(() => this.#giveUp(waiter), this.#options.maxQueueMillis),
    };
    lane.waiters.push(waiter);
    this.#dispatch();
    return waiter.granted.promise;
  }

  /** Starts environments until the pool has as many as it is to keep warm. */
  async provision(pool: VersionPool): Promise<void> {
    const starters = Array.from({ length: this.#options.parallelStarts }, async () => {
      while (!this.#stopped && pool.live.size + (this.#startsOfPool.get(pool) ?? 0) < pool.provisioned) {
        await this.#start(pool, "provisioned-concurrency");
      }
    });
    await Promise.all(starters);
  }

  /** The environment whose credentials a call was signed with, when it is one of ours. */
  environmentOf(accessKeyId: string): ExecutionEnvironment | undefined {
    for (const environment of this.#live) if (environment.accessKeyId === accessKeyId) return environment;
    return undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#laterTimer);
    for (const lane of this.#lanes) {
      for (const waiter of lane.waiters.splice(0)) {
        clearTimeout(waiter.timer);
        waiter.granted.reject(throttled("ConcurrentInvocationLimitExceeded"));
      }
    }
    await Promise.allSettled(this.#pendingStarts);
    await Promise.all([...this.#live].map((environment) => environment.stop()));
  }

  #lane(depth: number): Lane {
    this.#lanes[depth] ??= { waiters: [], running: 0, starting: 0 };
    return this.#lanes[depth];
  }

  #dispatch(): void {
    for (const lane of this.#lanes) this.#dispatchLane(lane);
  }

  #dispatchLane(lane: Lane): void {
    const { concurrency, parallelStarts } = this.#options;
    const waitersOfPool = new Map<VersionPool, number>();
    for (let index = 0; index < lane.waiters.length && lane.running < concurrency; ) {
      const waiter = lane.waiters[index] as Waiter;
      const environment = waiter.pool.takeIdle();
      if (environment !== undefined) {
        lane.waiters.splice(index, 1);
        clearTimeout(waiter.timer);
        waiter.granted.resolve(this.#grant(environment, lane, waiter.depth));
        continue;
      }
      index++;
      const before = (waitersOfPool.get(waiter.pool) ?? 0) + 1;
      waitersOfPool.set(waiter.pool, before);
      const starts = this.#startsOfPool.get(waiter.pool) ?? 0;
      const room = this.#starting < parallelStarts && lane.running + lane.starting < concurrency;
      if (before <= starts || !room) continue;
      if (before <= starts + this.#finishing(waiter.pool)) this.#dispatchLater();
      else this.#startFor(waiter, lane);
    }
  }

  #finishing(pool: VersionPool): number {
    const since = this.#services.monotonicMillis() - FINISHING_MILLIS;
    let finishing = 0;
    for (const { answeredAt } of pool.live) if (answeredAt !== undefined && answeredAt > since) finishing++;
    return finishing;
  }

  #dispatchLater(): void {
    this.#laterTimer ??= setTimeout(() => {
      this.#laterTimer = undefined;
      this.#dispatch();
    }, FINISHING_MILLIS);
  }

  #grant(environment: ExecutionEnvironment, lane: Lane, depth: number): ExecutionEnvironment {
    lane.running++;
    environment.depth = depth;
    this.#running.add(environment);
    clearTimeout(this.#idleTimers.get(environment));
    this.#idleTimers.delete(environment);
    return environment;
  }

  #startFor(waiter: Waiter, lane: Lane): void {
    lane.starting++;
    this.#start(waiter.pool, "on-demand")
      .catch((error: unknown) => {
        // No process at all: nobody is helped by waiting.
        const index = lane.waiters.indexOf(waiter);
        if (index < 0) return;
        lane.waiters.splice(index, 1);
        clearTimeout(waiter.timer);
        waiter.granted.reject(error);
      })
      .finally(() => {
        lane.starting--;
        if (!this.#stopped) this.#dispatch();
      });
  }

  /** Resolves when init has ended, one way or the other. */
  #start(pool: VersionPool, initialization: ExecutionEnvironment["initialization"]): Promise<void> {
    this.#starting++;
    this.#startsOfPool.set(pool, (this.#startsOfPool.get(pool) ?? 0) + 1);
    const initialised = Promise.withResolvers<void>();
    let known = false;
    const started = ExecutionEnvironment.start(pool.version, initialization, this.#services, {
      onFree: (environment) => {
        if (known) return this.#free(environment, pool);
        known = true;
        pool.live.add(environment);
        this.#becomeIdle(environment, pool);
        initialised.resolve();
      },
      onEnd: (environment) => {
        known = true;
        this.#ended(environment, pool);
        initialised.resolve();
      },
    });
    const registered = started.then(
      (environment) => {
        this.#live.add(environment);
      },
      (error: unknown) => initialised.reject(error),
    );
    this.#pendingStarts.add(registered);
    void registered.finally(() => this.#pendingStarts.delete(registered));
    return initialised.promise.finally(() => {
      this.#starting--;
      this.#startsOfPool.set(pool, (this.#startsOfPool.get(pool) ?? 1) - 1);
    });
  }

  /** An invocation is over. */
  #free(environment: ExecutionEnvironment, pool: VersionPool): void {
    this.#release(environment);
    this.#becomeIdle(environment, pool);
    this.#dispatch();
  }

  #release(environment: ExecutionEnvironment): void {
    if (this.#running.delete(environment)) this.#lane(environment.depth).running--;
  }

  #becomeIdle(environment: ExecutionEnvironment, pool: VersionPool): void {
    // The code was replaced while it started.
    if (environment.version !== pool.version) return environment.retire();
    pool.idle.push(environment);
    if (pool.live.size > pool.provisioned) {
      const timer = setTimeout(() => environment.retire(), this.#options.idleMillis);
      this.#idleTimers.set(environment, timer);
    }
    // Not when the next request takes it at once.
    setImmediate(() => {
      if (pool.idle.includes(environment)) environment.freeze();
    });
  }

  #ended(environment: ExecutionEnvironment, pool: VersionPool): void {
    pool.removeIdle(environment);
    pool.live.delete(environment);
    this.#live.delete(environment);
    clearTimeout(this.#idleTimers.get(environment));
    this.#idleTimers.delete(environment);
    this.#release(environment);
    if (this.#stopped) return;
    if (pool.live.size < pool.provisioned && environment.initialization === "provisioned-concurrency") {
      this.provision(pool).catch((error: Error) => {
        this.#services.context.emit({ type: "warning", message: error.message });
      });
    }
    this.#dispatch();
  }

  #giveUp(waiter: Waiter): void {
    const { waiters } = this.#lane(waiter.depth);
    const index = waiters.indexOf(waiter);
    if (index < 0) return;
    waiters.splice(index, 1);
    waiter.granted.reject(throttled("ConcurrentInvocationLimitExceeded"));
  }
}
