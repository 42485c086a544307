import { ServiceError } from "../../endpoint/service-error.ts";

/**
 * Failures that AWS documents and that nothing on one machine brings about by itself: asked for, they happen to the next
 * invocations. What containers do wrong needs no such thing: kill or stop their process.
 */
export const FAULTS = {
  InternalDependencyException: [
    530,
    "Your request caused an exception with an internal dependency. Contact customer support.",
  ],
  InternalFailure: [500, "An internal failure occurred."],
  ModelNotReadyException: [
    429,
    "Either a serverless endpoint variant's resources are still being provisioned, or a multi-model endpoint is still " +
      "downloading or loading the target model. Wait and try your request again.",
  ],
  ServiceUnavailable: [503, "The service is unavailable. Try your call again."],
  ThrottlingException: [400, "Rate exceeded"],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;

/** Happens after the first part of a stream; calls that do not stream end with InternalFailure. */
export const STREAM_FAULT = "InternalStreamFailure";

export type FaultName = keyof typeof FAULTS | typeof STREAM_FAULT;
export const FAULT_NAMES = [...(Object.keys(FAULTS) as (keyof typeof FAULTS)[]), STREAM_FAULT] as const;

export class Faults {
  readonly #waiting = new Map<string, { readonly name: FaultName; left: number }>();

  /** 0 takes it back. */
  put(endpointName: string, name: FaultName, count: number): void {
    if (count === 0) this.#waiting.delete(endpointName);
    else this.#waiting.set(endpointName, { name, left: count });
  }

  /** What happens to this invocation. */
  take(endpointName: string): FaultName | undefined {
    const fault = this.#waiting.get(endpointName);
    if (fault === undefined) return undefined;
    fault.left--;
    if (fault.left <= 0) this.#waiting.delete(endpointName);
    return fault.name;
  }
}

export function faultError(name: FaultName): ServiceError {
  const [status, message] = FAULTS[name === STREAM_FAULT ? "InternalFailure" : name];
  return new ServiceError(status, name === STREAM_FAULT ? "InternalFailure" : name, message);
}
