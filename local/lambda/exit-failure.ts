import { type FailureDocument, sandboxFailure } from "./function-failure.ts";
import type { ProcessExit } from "./sandbox-process.ts";

/** Why the platform itself ended a process. */
export type KillReason = "timeout" | "init-timeout" | "out-of-memory" | "stopped";

/** Lambda's words for a process that ended before it had answered. */
export function exitFailure(
  requestId: string,
  exit: ProcessExit,
  reason: KillReason | undefined,
  timeoutSeconds: number,
): FailureDocument {
  switch (reason) {
    case "timeout":
    case "init-timeout":
      return sandboxFailure(requestId, "Sandbox.Timedout", `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`);
    case "out-of-memory":
      return sandboxFailure(requestId, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
    case "stopped":
    case undefined:
      return sandboxFailure(requestId, "Runtime.ExitError", exitText(exit));
  }
}

function exitText({ status, signal }: ProcessExit): string {
  if (signal !== undefined) return `Runtime exited with error: signal: ${SIGNAL_NAMES[signal] ?? signal}`;
  return status === 0
    ? "Runtime exited without providing a reason"
    : `Runtime exited with error: exit status ${status}`;
}

/** As Go's `os` package, which Lambda's supervisor is written in, names them on Linux. */
const SIGNAL_NAMES: Readonly<Record<string, string>> = {
  SIGABRT: "aborted",
  SIGBUS: "bus error",
  SIGFPE: "floating point exception",
  SIGILL: "illegal instruction",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGTERM: "terminated",
  SIGTRAP: "trace/breakpoint trap",
};
