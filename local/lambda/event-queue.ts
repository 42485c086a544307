import { isServiceError, ServiceError } from "../endpoint/service-error.ts";
import type { PlatformEvent } from "../simulator.ts";
import type { FunctionStore } from "./functions.ts";
import type { Invoker } from "./invoker.ts";
import { MAX_ASYNCHRONOUS_PAYLOAD_BYTES } from "./limits.ts";
import type { LambdaOptions } from "./options.ts";

export interface QueuedEvent {
  readonly functionArn: string;
  readonly qualifier?: string;
  readonly payload: Uint8Array;
  readonly requestId: string;
  readonly traceId?: string;
  readonly clientContext?: string;
}

/**
 * Asynchronous invocations: taken at once, tried again when the function fails or is throttled, dropped when they are too
 * old. In memory only: events that wait are lost when the platform ends.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export class EventQueue {
  readonly #invoker: Pick<Invoker, "invoke">;
  readonly #functions: FunctionStore;
  readonly #options: Pick<LambdaOptions, "maxQueuedEvents" | "eventRetryMillis">;
  readonly #clock: () => number;
  readonly #emit: (event: PlatformEvent) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  #queued = 0;
  #stopped = false;

  constructor(
    invoker: Pick<Invoker, "invoke">,
    functions: FunctionStore,
    options: Pick<LambdaOptions, "maxQueuedEvents" | "eventRetryMillis">,
    clock: () => number,
    emit: (event: PlatformEvent) => void,
  ) {
    this.#invoker = invoker;
    this.#functions = functions;
    this.#options = options;
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Throws ServiceError when there is no such function, the event is too large or the queue full. */
  add(event: QueuedEvent): void {
    this.#functions.resolve(event.functionArn, event.qualifier);
    if (event.payload.byteLength > MAX_ASYNCHRONOUS_PAYLOAD_BYTES) {
      throw new ServiceError(
        413,
        "RequestTooLargeException",
        `Request must be smaller than ${MAX_ASYNCHRONOUS_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
      );
    }
    if (this.#queued >= this.#options.maxQueuedEvents) {
      throw new ServiceError(429, "TooManyRequestsException", "Rate Exceeded.", {
        details: { Reason: "FunctionInvocationRateLimitExceeded", Type: "User" },
      });
    }
    this.#queued++;
    this.#run(event, 0, this.#clock());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  #run(event: QueuedEvent, attempt: number, receivedAt: number): void {
    const running = this.#attempt(event, attempt, receivedAt).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #attempt(event: QueuedEvent, attempt: number, receivedAt: number): Promise<void> {
    const outcome = await this.#invokeOnce(event);
    if (this.#stopped || outcome === "done") {
      this.#queued--;
      return;
    }
    const { retries, maxEventAgeSeconds } = this.#functions.resolve(event.functionArn, event.qualifier).function
      .asynchronous;
    const delays = this.#options.eventRetryMillis;
    const delay = delays[Math.min(attempt, delays.length - 1)] ?? 0;
    const tooOld = this.#clock() + delay - receivedAt > maxEventAgeSeconds * 1000;
    // Throttles are tried until the event is too old; failures of the function only `retries` times.
    if (tooOld || (outcome === "failed" && attempt >= retries)) {
      this.#queued--;
      this.#emit({
        type: "warning",
        message: `${event.functionArn} dropped event ${event.requestId}: ${tooOld ? "too old" : `failed ${attempt + 1} times`}`,
      });
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#run(event, outcome === "failed" ? attempt + 1 : attempt, receivedAt);
    }, delay);
    this.#timers.add(timer);
  }

  async #invokeOnce(event: QueuedEvent): Promise<"done" | "failed" | "throttled"> {
    const { functionArn, payload, qualifier, requestId, traceId, clientContext } = event;
    try {
      const result = await this.#invoker.invoke(
        { functionArn, payload, responseMode: "buffered", ...(traceId === undefined ? {} : { traceId }) },
        {
          kind: "event",
          requestId,
          ...(qualifier === undefined ? {} : { qualifier }),
          ...(clientContext === undefined ? {} : { clientContext }),
        },
      );
      for await (const _ of result.body);
      return result.functionError === undefined ? "done" : "failed";
    } catch (error) {
      return isServiceError(error) && error.status === 429 ? "throttled" : "failed";
    }
  }
}
