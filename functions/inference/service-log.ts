/** What the operator of a deployment should know. Usage lines go elsewhere (usage-log.ts). */
import type { Logger } from "@aws-lambda-powertools/logger";
import type { FarthingError } from "../../core/errors.ts";

export interface ServiceLog {
  fault(error: FarthingError, requestId: string): void;
  modelLoaded(event: { readonly model: string; readonly version: string; readonly millis: number }): void;
  /** A model that should have been loaded at the start was not; it loads on demand. */
  preloadFailed(model: string, error: unknown): void;
  /** Resolves when all of that is written; undefined when nothing is on its way. */
  settled(): Promise<void> | undefined;
}

/**
 * Powertools' logger is loaded when there is something to say: most processes never have, and it would cost each cold
 * start 5 ms.
 */
export function createServiceLog(deployment: string): ServiceLog {
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
    modelLoaded: (event) => say((logger) => logger.info("model loaded", { ...event })),
    settled: () => writing,
    preloadFailed: (model, error) =>
      say((logger) => logger.warn("model not preloaded", { model, error: asError(error) })),
  };
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
