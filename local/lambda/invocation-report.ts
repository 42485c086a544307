import type { PlatformEvent } from "../simulator.ts";
import type { FailureDocument } from "./function-failure.ts";
import type { FunctionVersion } from "./function-version.ts";
import type { InvocationReport } from "./invocation-records.ts";
import type { InitializationType } from "./sandbox.ts";

interface InvocationFacts {
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly requestId: string;
  /** Measured. */
  readonly durationMillis: number;
  /** Undefined: a warm start. */
  readonly initMillis: number | undefined;
  readonly maxMemoryMegabytes: number;
  readonly failure: FailureDocument | undefined;
  readonly processEnded: boolean;
}

/**
 * What REPORT says. Init is billed on demand (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html);
 * a function that throws has failed, but its environment is sound: Lambda reports that as a success of its own.
 */
export function invocationReport(facts: InvocationFacts): InvocationReport {
  const { version, initialization, initMillis, failure, processEnded } = facts;
  const timedOut = processEnded && failure?.errorType === "Sandbox.Timedout";
  const durationMillis = timedOut ? version.timeoutSeconds * 1000 : facts.durationMillis;
  const billedInitMillis = initialization === "on-demand" ? (initMillis ?? 0) : 0;
  return {
    requestId: facts.requestId,
    durationMillis,
    billedMillis: Math.ceil(durationMillis + billedInitMillis),
    ...(initMillis === undefined ? {} : { initMillis }),
    maxMemoryMegabytes: facts.maxMemoryMegabytes,
    status: timedOut ? "timeout" : processEnded ? "error" : "success",
    ...(processEnded && !timedOut && failure !== undefined ? { errorType: failure.errorType } : {}),
  };
}

export function invocationEvent(
  functionName: string,
  report: InvocationReport,
  failure: FailureDocument | undefined,
): PlatformEvent {
  const failed = failure?.errorType === "Runtime.OutOfMemory" ? "out-of-memory" : "error";
  return {
    type: "invocation",
    functionName,
    requestId: report.requestId,
    durationMillis: report.durationMillis,
    billedMillis: report.billedMillis,
    ...(report.initMillis === undefined ? {} : { initMillis: report.initMillis }),
    status: report.status === "timeout" ? "timeout" : failure === undefined ? "success" : failed,
  };
}
