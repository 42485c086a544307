import type { FunctionVersion } from "./function-version.ts";

export type InvocationStatus = "success" | "error" | "timeout";

export interface InvocationReport {
  readonly requestId: string;
  readonly durationMillis: number;
  readonly billedMillis: number;
  /** Cold starts only. */
  readonly initMillis?: number;
  readonly maxMemoryMegabytes: number;
  readonly status: InvocationStatus;
  readonly errorType?: string;
}

export interface InitReport {
  readonly initMillis: number;
  readonly phase: "init" | "invoke";
  readonly status: "error" | "timeout";
  readonly errorType?: string;
}

/** What Lambda itself writes to the function's log, in the form that the function's logging configuration asks for. */
export interface InvocationRecords {
  initStart(): string | undefined;
  initFailed(report: InitReport): string | undefined;
  start(requestId: string): string | undefined;
  /** One or two lines. */
  end(report: InvocationReport): readonly string[];
}

const millis = (value: number) => value.toFixed(2);

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html */
export function textRecords(version: FunctionVersion): InvocationRecords {
  return {
    initStart: () =>
      `INIT_START Runtime Version: ${version.runtime.replace("nodejs", "nodejs:").replace(".x", "")}.local`,
    initFailed: ({ initMillis, phase, status, errorType }) =>
      `INIT_REPORT Init Duration: ${millis(initMillis)} ms\tPhase: ${phase}\tStatus: ${status}${
        errorType === undefined ? "" : `\tError Type: ${errorType}`
      }`,
    start: (requestId) => `START RequestId: ${requestId} Version: ${version.version}`,
    end: (report) => [
      `END RequestId: ${report.requestId}`,
      [
        `REPORT RequestId: ${report.requestId}`,
        `Duration: ${millis(report.durationMillis)} ms`,
        `Billed Duration: ${report.billedMillis} ms`,
        `Memory Size: ${version.memoryMegabytes} MB`,
        `Max Memory Used: ${report.maxMemoryMegabytes} MB`,
        ...(report.initMillis === undefined ? [] : [`Init Duration: ${millis(report.initMillis)} ms`]),
        ...(report.status === "success" ? [] : [`Status: ${report.status}`]),
        ...(report.errorType === undefined ? [] : [`Error Type: ${report.errorType}`]),
        "",
      ].join("\t"),
    ],
  };
}

const SYSTEM_LEVELS = { DEBUG: 0, INFO: 1, WARN: 2 } as const;

/** https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
export function jsonRecords(version: FunctionVersion, clock: () => number): InvocationRecords {
  const minimum = SYSTEM_LEVELS[version.logging.systemLevel ?? "INFO"];
  const record = (level: keyof typeof SYSTEM_LEVELS, type: string, content: Record<string, unknown>) =>
    SYSTEM_LEVELS[level] < minimum
      ? undefined
      : JSON.stringify({ time: new Date(clock()).toISOString(), type, record: content });
  return {
    initStart: () =>
      record("INFO", "platform.initStart", {
        initializationType: "on-demand",
        phase: "init",
        functionName: version.functionName,
        functionVersion: version.version,
        runtimeVersion: version.runtime,
      }),
    initFailed: ({ initMillis, phase, status, errorType }) =>
      record("WARN", "platform.initReport", {
        initializationType: "on-demand",
        phase,
        status,
        ...(errorType === undefined ? {} : { errorType }),
        metrics: { durationMs: Number(millis(initMillis)) },
      }),
    start: (requestId) => record("INFO", "platform.start", { requestId, version: version.version }),
    end: (report) => {
      const { requestId, status, errorType } = report;
      const failed = status === "success" ? "INFO" : "WARN";
      const outcome = { requestId, status, ...(errorType === undefined ? {} : { errorType }) };
      const lines = [
        record("DEBUG", "platform.runtimeDone", {
          ...outcome,
          metrics: { durationMs: Number(millis(report.durationMillis)) },
        }),
        record(failed, "platform.report", {
          ...outcome,
          metrics: {
            durationMs: Number(millis(report.durationMillis)),
            billedDurationMs: report.billedMillis,
            memorySizeMB: version.memoryMegabytes,
            maxMemoryUsedMB: report.maxMemoryMegabytes,
            ...(report.initMillis === undefined ? {} : { initDurationMs: Number(millis(report.initMillis)) }),
          },
        }),
      ];
      return lines.filter((line) => line !== undefined);
    },
  };
}
