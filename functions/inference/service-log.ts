/** What the operator of a deployment should know. Usage lines go elsewhere (usage-log.ts). */
import type { Logger } from "@aws-lambda-powertools/logger";
import type { FarthingError } from "../../core/errors.ts";

export interface ServiceLog {
  fault(error: FarthingError, requestId: string): void;
  modelLoaded(event: { readonly model: string; readonly version: string; readonly millis: number }): void;
  /** A model that should have been loaded at the start was not; it loads on demand. */
  preloadFailed(model: string, error: unknown): void;
  /** Work on a job, or its start, failed; it is swept up. */
  jobFailed(error: unknown): void;
  /** The record of a request with an Idempotency-Key could not be kept up; a repeat may be told that it was interrupted. */
  onceFailed(error: unknown): void;
  /** The disk keeps no models for the next start. */
  modelCacheFailed(error: unknown): void;
  /** Resolves when all of that is written; undefined when nothing is on its way. */
  settled(): Promise<void> | undefined;
}

export interface ServiceLogOptions {
  readonly deployment: string;
  /** What Powertools calls its service. */
  readonly service: string;
  /** Gets whole lines, the line feed included. */
  write(line: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Powertools' logger is loaded when something went wrong: most processes never need it, and it would cost each cold start
 * 5 ms. What every cold start says is written here, in the same form.
 */
export function createServiceLog({ deployment, service, write, now }: ServiceLogOptions): ServiceLog {
  let loading: Promise<Logger> | undefined;
  let writing: Promise<void> | undefined;
  const say = (speak: (logger: Logger) => void): void => {
    loading ??= import("@aws-lambda-powertools/logger").then(
      (powertools) => new powertools.Logger({ persistentKeys: { deployment } }),
    );
    const written = loading.then(speak).finally(() => {
      if (writing === written) writing = undefined;
    });
    writing = written;
  };
  return {
    // The error's message is made for customers, its cause says what happened; neither holds a key or a body.
    fault: (error, requestId) =>
      say((logger) => logger.error("request failed", { requestId, code: error.code, error })),
    modelLoaded(event) {
      const timestamp = new Date(now()).toISOString();
      const line = { level: "INFO", message: "model loaded", timestamp, service, deployment, ...event };
      write(`${JSON.stringify(line)}\n`);
    },
    settled: () => writing,
    modelCacheFailed: (error) => say((logger) => logger.warn("model cache unusable", { error: asError(error) })),
    jobFailed: (error) => say((logger) => logger.error("job failed", { error: asError(error) })),
    onceFailed: (error) => say((logger) => logger.error("request not recorded", { error: asError(error) })),
    preloadFailed: (model, error) =>
      say((logger) => logger.warn("model not preloaded", { model, error: asError(error) })),
  };
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
