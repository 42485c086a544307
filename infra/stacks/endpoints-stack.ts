/** The GPU endpoints: instances that come when somebody asks, and go when nobody did for as long as a wake-up costs. */
import { Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { completeEndpointPlan } from "../../core/planner/plan-from-prices.ts";
import type { EnvironmentConfig } from "../config.ts";
import { GpuEndpoint } from "../constructs/gpu-endpoint/gpu-endpoint.ts";
import type { ServingState } from "../constructs/serving-function/serving-function.ts";
import type { Decisions } from "../decisions.ts";
import { removalPolicyOf } from "./data-stack.ts";

export interface EndpointsStackProps extends StackProps {
  readonly environment: string;
  readonly config: EnvironmentConfig;
  readonly decisions: Decisions;
  readonly state: ServingState;
}

export class EndpointsStack extends Stack {
  constructor(scope: Construct, id: string, { environment, config, decisions, state, ...props }: EndpointsStackProps) {
    super(scope, id, props);
    const { memoryMb, architecture } = config.router;
    const router = {
      routerMemoryMb: memoryMb,
      // Where the machine's own stands for it, nothing is billed.
      routerArchitecture: architecture === "x86_64" ? architecture : ("arm64" as const),
    };
    for (const { name, models, asynchronous, kmsKeyArn } of config.endpoints) {
      const cards = models.map((model) => decisions.cards.get(model)).filter((card) => card !== undefined);
      const plan = completeEndpointPlan({ name, cards, router }, decisions.plan.endpoints[name], decisions.priceBook);
      new GpuEndpoint(this, `Endpoint-${name}`, {
        environment,
        name,
        cards,
        plan,
        modelBucket: state.modelBucket,
        kmsKeyArn,
        asynchronous,
        logs: { retentionDays: config.logs.retentionDays, removalPolicy: removalPolicyOf(config) },
      });
    }
  }
}
