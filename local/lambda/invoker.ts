import { ServiceError } from "../endpoint/service-error.ts";
import type { FunctionInvoker, Invocation, InvocationResult } from "../simulator.ts";
import type { EnvironmentInvocation, ExecutionEnvironment } from "./execution-environment.ts";
import type { FunctionStore, ResolvedFunction } from "./functions.ts";
import { MAX_SYNCHRONOUS_PAYLOAD_BYTES } from "./limits.ts";
import type { ManagedInstances, ManagedInvocation } from "./managed-instances.ts";
import type { Scheduler } from "./scheduler.ts";
import { throttled } from "./throttling.ts";
import { traceHeader } from "./trace-header.ts";

/** What only the Lambda API and the event queue know about an invocation. */
export interface InvocationDetails {
  readonly qualifier?: string;
  readonly clientContext?: string;
  /** Access key of the caller: a function that calls another is one deeper than its own request. */
  readonly callerAccessKeyId?: string;
  /** An event answers to nobody, so it is not deeper than its sender. Default: request. */
  readonly kind?: "request" | "event";
  readonly requestId?: string;
}

export interface Identity {
  readonly clock: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly uuid: () => string;
}

/** A function that calls itself through others this deep runs away; AWS stops loops at about 16. */
const MAX_DEPTH = 16;
const MAX_TRIES = 3;

export class Invoker implements FunctionInvoker {
  readonly #functions: FunctionStore;
  readonly #scheduler: Scheduler;
  readonly #instances: ManagedInstances;
  readonly #identity: Identity;

  constructor(functions: FunctionStore, scheduler: Scheduler, instances: ManagedInstances, identity: Identity) {
    this.#functions = functions;
    this.#scheduler = scheduler;
    this.#instances = instances;
    this.#identity = identity;
  }

  /** Throws ServiceError when there is no such function, it is throttled, or the payload is too large. */
  async invoke(invocation: Invocation, details: InvocationDetails = {}): Promise<InvocationResult> {
    return (await this.start(invocation, details)).result;
  }

  /** Also says which version answers. */
  async start(
    invocation: Invocation,
    details: InvocationDetails,
  ): Promise<{ readonly result: Promise<InvocationResult>; readonly executedVersion: string }> {
    if (invocation.payload.byteLength > MAX_SYNCHRONOUS_PAYLOAD_BYTES) {
      throw new ServiceError(
        413,
        "RequestTooLargeException",
        `Request must be smaller than ${MAX_SYNCHRONOUS_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
      );
    }
    const target = this.#functions.resolve(invocation.functionArn, details.qualifier);
    const { reservedConcurrency } = target.function;
    if (reservedConcurrency !== undefined && target.function.inFlight >= reservedConcurrency) {
      throw throttled("ReservedFunctionConcurrentInvocationLimitExceeded");
    }
    target.function.inFlight++;
    try {
      const { version } = target.pool;
      const delivered: EnvironmentInvocation = {
        requestId: details.requestId ?? this.#identity.uuid(),
        payload: invocation.payload,
        responseMode: invocation.responseMode,
        invokedFunctionArn: target.invokedArn,
        traceId: traceHeader(invocation.traceId, version.activeTracing, this.#identity),
        ...(details.clientContext === undefined ? {} : { clientContext: details.clientContext }),
      };
      const { result, over } =
        version.managedInstances === undefined
          ? await this.#invokeOnDemand(target, delivered, this.#depthOf(details))
          : await this.#instances.invoke(target.pool, delivered, invocation.signal);
      void over.then(() => target.function.inFlight--);
      return { result, executedVersion: version.version };
    } catch (error) {
      target.function.inFlight--;
      throw error;
    }
  }

  async #invokeOnDemand(
    target: ResolvedFunction,
    invocation: EnvironmentInvocation,
    depth: number,
  ): Promise<ManagedInvocation> {
    const environment = await this.#acquire(target, depth);
    const result = environment.invoke(invocation);
    return { result, over: environment.finished };
  }

  async #acquire(target: ResolvedFunction, depth: number): Promise<ExecutionEnvironment> {
    for (let attempt = 1; ; attempt++) {
      const environment = await this.#scheduler.acquire(target.pool, depth);
      // It may have been retired in the moment between.
      if (environment.idle || attempt === MAX_TRIES) return environment;
    }
  }

  #depthOf({ callerAccessKeyId, kind }: InvocationDetails): number {
    if (callerAccessKeyId === undefined || kind === "event") return 0;
    const caller = this.#scheduler.environmentOf(callerAccessKeyId);
    return caller === undefined ? 0 : Math.min(caller.depth + 1, MAX_DEPTH);
  }
}
