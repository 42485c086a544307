/** The governor of the shared cache: a stack of its own, so that it can go, or come, without touching the cache. */
import { join } from "node:path";
import { Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { sharedCacheName } from "../cache-options.ts";
import type { EnvironmentConfig } from "../config.ts";
import { FunctionAlarms } from "../constructs/alarms/function-alarms.ts";
import { bundleFunction } from "../constructs/function-bundle/function-bundle.ts";
import { CacheAlarms } from "../constructs/governor/cache-alarms.ts";
import { Governor } from "../constructs/governor/governor.ts";
import type { CacheGovernance } from "../planned-cache.ts";

import type { BuildContext } from "./models-stack.ts";
import { operationsOf } from "./operations.ts";

export interface GovernorStackProps extends StackProps {
  readonly environment: string;
  readonly config: EnvironmentConfig;
  readonly governed: CacheGovernance;
  readonly build: Pick<BuildContext, "root" | "buildDirectory">;
}

const ENTRY = "functions/governor/handler.ts";

export class GovernorStack extends Stack {
  constructor(scope: Construct, id: string, { environment, config, governed, build, ...props }: GovernorStackProps) {
    super(scope, id, props);
    const cacheName = sharedCacheName(environment);
    const governor = new Governor(this, "Governor", {
      environment,
      bundle: bundleFunction(build.root, ENTRY, join(build.buildDirectory, "governor")),
      cacheName,
      governed,
      operations: operationsOf(config),
    });
    if (config.alarms === false) return;
    const { topicArn } = config.alarms;
    new FunctionAlarms(governor, "Alarms", { servingFunction: governor, topicArn });
    const { everyMinutes, bounds } = governed;
    new CacheAlarms(this, "CacheAlarms", { cacheName, everyMinutes, monthlyUsd: bounds.monthlyUsd, topicArn });
  }
}
