/**
 * A small function on a schedule that looks at what the shared cache is used for and what that costs, and sets the limits that the
 * template leaves open. It needs no network of ours: it asks CloudWatch and ElastiCache's API, never the cache.
 */
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from "aws-cdk-lib/aws-lambda";
import { ArnFormat, AssetHashType, Duration, Stack, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { CacheGovernance } from "../../planned-cache.ts";
import type { FunctionBundle } from "../function-bundle/function-bundle.ts";
import { NamedLogGroup } from "../log-group/log-group.ts";
import { writeLog } from "../serving-function/permissions.ts";
import type { Operations } from "../serving-function/serving-function.ts";

export interface GovernorProps {
  readonly environment: string;
  readonly bundle: FunctionBundle;
  /** Name of the cache. */
  readonly cacheName: string;
  readonly governed: CacheGovernance;
  readonly operations: Operations;
}

const MEMORY_MB = 256;
const TIMEOUT_SECONDS = 60;
export const GOVERNOR_SERVICE = "farthing-governor";
export const METRICS_NAMESPACE = "Farthing";

export class Governor extends Construct {
  readonly function: LambdaFunction;
  readonly functionName: string;

  constructor(scope: Construct, id: string, props: GovernorProps) {
    super(scope, id);
    const { environment, bundle, cacheName, governed, operations } = props;
    this.functionName = `farthing-${environment}-governor`;
    const logGroup = new NamedLogGroup(this, "Log", {
      environment,
      name: "governor",
      retentionDays: operations.logRetentionDays,
      removalPolicy: operations.logRemovalPolicy,
    });
    const cacheArn = Stack.of(this).formatArn({
      service: "elasticache",
      resource: "serverlesscache",
      resourceName: cacheName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const role = new Role(this, "Role", {
      description: `What ${this.functionName} may do`,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        govern: new PolicyDocument({
          statements: [
            allow("GovernCache", actionsIn(governed.mode), cacheArn),
            allow("ReadMetrics", ["cloudwatch:GetMetricData"], "*"),
            writeLog(logGroup.logGroupArn),
          ],
        }),
      },
    });
    Validations.of(role).acknowledge({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason:
        "CloudWatch's metrics have no ARNs: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html",
    });
    this.function = new LambdaFunction(this, "Function", {
      functionName: this.functionName,
      description: "Sets the limits of the shared cache by its use and the month's money",
      code: Code.fromAsset(bundle.directory, {
        assetHash: bundle.contentHash,
        assetHashType: AssetHashType.CUSTOM,
      }),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      // Nothing of it depends on the machine: the cheaper one.
      architecture: Architecture.ARM_64,
      memorySize: MEMORY_MB,
      timeout: Duration.seconds(TIMEOUT_SECONDS),
      role: role.withoutPolicyUpdates(),
      environment: {
        FARTHING_GOVERNED_CACHE: JSON.stringify({ cache: cacheName, ...governed }),
        POWERTOOLS_SERVICE_NAME: GOVERNOR_SERVICE,
        POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
      },
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel[operations.platformLogLevel],
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

const allow = (sid: string, actions: string[], resource: string) =>
  new PolicyStatement({ sid, actions, resources: [resource] });
