/** What becomes of usage lines: the reconciler, subscribed to the logs of every serving function. */
import { join } from "node:path";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { EnvironmentConfig } from "../config.ts";
import { FunctionAlarms } from "../constructs/alarms/function-alarms.ts";
import { UsageAlarms } from "../constructs/alarms/usage-alarms.ts";
import { bundleFunction } from "../constructs/function-bundle/function-bundle.ts";
import { logGroupName } from "../constructs/log-group/log-group.ts";
import { Reconciler } from "../constructs/reconciler/reconciler.ts";
import type { ServingState } from "../constructs/serving-function/serving-function.ts";
import type { Decisions } from "../decisions.ts";
import { lineCosts } from "../line-costs.ts";

import type { BuildContext } from "./models-stack.ts";
import { operationsOf } from "./operations.ts";

export interface UsageStackProps extends StackProps {
  readonly environment: string;
  readonly config: EnvironmentConfig;
  readonly state: ServingState;
  readonly build: Pick<BuildContext, "root" | "buildDirectory" | "host">;
  readonly decisions: Decisions;
}

const ENTRY = "functions/reconciler/handler.ts";

export class UsageStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { environment, config, state, build, decisions, ...props }: UsageStackProps,
  ) {
    super(scope, id, props);
    const { router, modelGroups } = config;
    const deployments = ["router", ...modelGroups.map(({ name }) => name).filter((name) => name !== router.holds)];
    const reconciler = new Reconciler(this, "Reconciler", {
      environment,
      bundle: bundleFunction(build.root, ENTRY, join(build.buildDirectory, "reconciler")),
      // By their names, as the API's stack names the functions: an export in use could not be removed with its group.
      logGroups: new Map(
        deployments.map((name) => [
          name,
          LogGroup.fromLogGroupName(this, `Log-${name}`, logGroupName(environment, name)),
        ]),
      ),
      lineCosts: lineCosts(config, decisions, build.host),
      usageTable: state.usageTable,
      tenantsTable: state.tenantsTable,
      operations: operationsOf(config),
    });
    if (config.alarms === false) return;
    const { topicArn } = config.alarms;
    new FunctionAlarms(reconciler, "Alarms", { servingFunction: reconciler, topicArn });
    new UsageAlarms(reconciler, "UsageAlarms", { environment, functionName: reconciler.functionName, topicArn });
  }
}
