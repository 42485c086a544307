import type { FunctionInvoker, Invocation, InvocationResult } from "../simulator.ts";
import { exitFailure } from "./exit-failure.ts";
import { InvocationChannel, type InvocationSocket } from "./invocation-channel.ts";
import type { Identity } from "./invoker.ts";
import { allowsService, type ServiceInvocation } from "./resource-policy.ts";
import { RunningInvocation } from "./running-invocation.ts";
import type { FunctionPolicies } from "./simulator.ts";
import type { DoorNews, ThreadInvocations } from "./thread-door.ts";
import { throttled } from "./throttling.ts";
import { traceHeader } from "./trace-header.ts";

/** What a thread has of itself and the others. */
export interface LinkedThreads {
  readonly index: number;
  /** Requests that each thread works at. Shared. */
  readonly loads: Int32Array;
  /** By index: how an invocation gets to the handler of a thread, this one included; null where there is no way. */
  readonly sockets: readonly (InvocationSocket | null)[];
}

interface Waiter {
  readonly invocation: Invocation;
  readonly granted: PromiseWithResolvers<InvocationResult>;
  readonly timer: NodeJS.Timeout;
}

/**
 * So much busier than another thread this one has to be before it hands a request over. One request more is what arrives while
 * another is answered; and handing over costs about as much as a tiny model.
 */
const WORTH_HANDING_OVER = 2;

/**
 * Lambda as a door in one of a function's threads sees it: invocations go to the handler of this thread, or of one that has less
 * to do. A burst on one connection or an uneven spread of connections then still uses every thread.
 */
export class ThreadInvoker implements FunctionInvoker, FunctionPolicies {
  readonly #invocations: ThreadInvocations;
  readonly #threads: LinkedThreads;
  readonly #identity: Identity;
  readonly #now: () => number;
  readonly #tell: (news: DoorNews) => void;
  readonly #channels: readonly (InvocationChannel | undefined)[];
  readonly #handedTo = new Map<number, Set<RunningInvocation>>();
  readonly #waiters: Waiter[] = [];
  #running = 0;

  constructor(
    invocations: ThreadInvocations,
    threads: LinkedThreads,
    identity: Identity,
    monotonicMillis: () => number,
    tell: (news: DoorNews) => void,
  ) {
    this.#invocations = invocations;
    this.#threads = threads;
    this.#identity = identity;
    this.#now = monotonicMillis;
    this.#tell = tell;
    this.#channels = threads.sockets.map((socket, index) => {
      if (socket === null) return undefined;
      socket.on("close", () => this.#lost(index));
      return new InvocationChannel(socket, Buffer.alloc(0));
    });
  }

  /** Whether the function that the ARN names runs in these threads. */
  answersFor(functionArn: string): boolean {
    return this.#invocations.functions.has(functionArn);
  }

  allowsInvocation(functionArn: string, invocation: Omit<ServiceInvocation, "qualifier">): boolean {
    const found = this.#invocations.functions.get(functionArn);
    if (found === undefined) return false;
    const { qualifier, policy } = found;
    return allowsService(policy, { ...invocation, ...(qualifier !== undefined && { qualifier }) });
  }

  /** Rejects with TooManyRequestsException when too many wait or the wait is too long, with the signal's reason when the caller left. */
  invoke(invocation: Invocation): Promise<InvocationResult> {
    const { concurrency, maxQueuedRequests, maxQueueMillis } = this.#invocations;
    if (this.#running < concurrency) return this.#begin(invocation);
    if (this.#waiters.length >= maxQueuedRequests)
      return Promise.reject(throttled("ConcurrentInvocationLimitExceeded"));
    const waiter: Waiter = {
      invocation,
      granted: Promise.withResolvers(),
      timer: setTimeout(() => {
        if (this.#leave(waiter)) waiter.granted.reject(throttled("ConcurrentInvocationLimitExceeded"));
      }, maxQueueMillis),
    };
    const { signal } = invocation;
    signal?.addEventListener("abort", () => {
      if (this.#leave(waiter)) waiter.granted.reject(signal.reason);
    });
    this.#waiters.push(waiter);
    return waiter.granted.promise;
  }

  #begin(invocation: Invocation): Promise<InvocationResult> {
    const { functionArn, payload, responseMode, signal } = invocation;
    const { timeoutSeconds, activeTracing } = this.#invocations;
    const requestId = this.#identity.uuid();
    const answer = new RunningInvocation(requestId, responseMode, this.#now);
    const startedAt = this.#now();
    const thread = this.#leastBusy();
    const channel = this.#channels[thread];
    if (channel === undefined) throw new Error(`There is no way to thread ${thread}.`);
    const timer = setTimeout(
      () => answer.fail(exitFailure(requestId, {}, "timeout", timeoutSeconds)),
      timeoutSeconds * 1000,
    );
    const delivery = channel.deliver(
      {
        requestId,
        payload,
        deadlineMillis: this.#identity.clock() + timeoutSeconds * 1000,
        invokedFunctionArn: functionArn,
        traceId: traceHeader(invocation.traceId, activeTracing, this.#identity),
      },
      answer,
    );
    signal?.addEventListener("abort", () => delivery.cancel());
    this.#running++;
    this.#count(thread, answer, 1);
    void answer.over.then(() => {
      clearTimeout(timer);
      delivery.forget();
      this.#count(thread, answer, -1);
      const { failure } = answer;
      const durationMillis = this.#now() - startedAt;
      this.#tell({ type: "ran", requestId, durationMillis, ...(failure !== undefined && { failure }) });
      this.#running--;
      this.#next();
    });
    return answer.result;
  }

  /** A thread that has gone counts more than any other. */
  #leastBusy(): number {
    const { index, loads } = this.#threads;
    const own = Atomics.load(loads, index);
    if (own < WORTH_HANDING_OVER) return index;
    let [best, least] = [index, own - WORTH_HANDING_OVER + 1];
    for (let other = 0; other < loads.length; other++) {
      const load = Atomics.load(loads, other);
      if (load < least && this.#channels[other] !== undefined) [best, least] = [other, load];
    }
    return best;
  }

  #count(thread: number, answer: RunningInvocation, change: 1 | -1): void {
    const { index, loads } = this.#threads;
    Atomics.add(loads, thread, change);
    if (thread === index) return;
    const handed = this.#handedTo.get(thread) ?? new Set();
    this.#handedTo.set(thread, handed);
    if (change === 1) handed.add(answer);
    else handed.delete(answer);
  }

  #lost(thread: number): void {
    for (const answer of [...(this.#handedTo.get(thread) ?? [])]) {
      answer.fail(exitFailure(answer.requestId, {}, undefined, this.#invocations.timeoutSeconds));
    }
  }

  #next(): void {
    const waiter = this.#waiters[0];
    if (waiter === undefined || this.#running >= this.#invocations.concurrency) return;
    this.#leave(waiter);
    waiter.granted.resolve(this.#begin(waiter.invocation));
  }

  #leave(waiter: Waiter): boolean {
    const place = this.#waiters.indexOf(waiter);
    if (place < 0) return false;
    this.#waiters.splice(place, 1);
    clearTimeout(waiter.timer);
    return true;
  }
}
