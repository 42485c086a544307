import type { EnvironmentConfig } from "../config.ts";
import type { Operations } from "../constructs/serving-function/serving-function.ts";
import { removalPolicyOf } from "./data-stack.ts";

/** How the functions of an environment are watched. */
export const operationsOf = (config: EnvironmentConfig): Operations => ({
  logRetentionDays: config.logs.retentionDays,
  logRemovalPolicy: removalPolicyOf(config),
  platformLogLevel: config.logs.platformLevel,
  tracing: config.tracing,
});
