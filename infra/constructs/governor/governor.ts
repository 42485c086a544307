/**
 * A small function on a schedule that looks at what the shared cache is used for and what that costs, and sets the limits that the
 * template leaves open. It needs no network of ours: it asks CloudWatch and ElastiCache's API, never the cache.
 */
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { ArnFormat, Duration, Stack, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { CacheGovernance } from "../../planned-cache.ts";
import { allow } from "../allow.ts";
import { SmallFunction, type SmallFunctionProps } from "../small-function/small-function.ts";

export interface GovernorProps extends SmallFunctionProps {
  /** Name of the cache. */
  readonly cacheName: string;
  readonly governed: CacheGovernance;
}

export const GOVERNOR_SERVICE = "farthing-governor";
export const METRICS_NAMESPACE = "Farthing";

export class Governor extends SmallFunction {
  constructor(scope: Construct, id: string, props: GovernorProps) {
    const { environment, cacheName, governed } = props;
    const cacheArn = Stack.of(scope).formatArn({
      service: "elasticache",
      resource: "serverlesscache",
      resourceName: cacheName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    super(scope, id, props, {
      name: "governor",
      description: "Sets the limits of the shared cache by its use and the month's money",
      memoryMb: 256,
      timeoutSeconds: 60,
      policy: {
        name: "govern",
        statements: [
          allow("GovernCache", actionsIn(governed.mode), [cacheArn]),
          allow("ReadMetrics", ["cloudwatch:GetMetricData"], ["*"]),
        ],
      },
      variables: {
        FARTHING_GOVERNED_CACHE: JSON.stringify({ cache: cacheName, ...governed }),
        POWERTOOLS_SERVICE_NAME: GOVERNOR_SERVICE,
        POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
      },
    });
    Validations.of(this.role).acknowledge({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason:
        "CloudWatch's metrics have no ARNs: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html",
    });
    new Rule(this, "Schedule", {
      description: `Looks at the cache of ${environment}`,
      schedule: Schedule.rate(Duration.minutes(governed.everyMinutes)),
      targets: [new LambdaTarget(this.function)],
    });
  }
}

/** Who only says what it would do needs no permission to do it. */
const actionsIn = (mode: CacheGovernance["mode"]): string[] => [
  "elasticache:DescribeServerlessCaches",
  ...(mode === "apply" ? ["elasticache:ModifyServerlessCache"] : []),
];
