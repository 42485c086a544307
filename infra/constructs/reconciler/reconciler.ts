/**
 * Turns usage lines into usage records: CloudWatch Logs sends the lines of every serving function to one small function, which
 * adds each to its record exactly once. What it cannot take now, Lambda sends again; the log itself is kept long enough to be
 * read again as a whole (`farthing tenant reconcile`).
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
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
import { FilterPattern, type ILogGroup, SubscriptionFilter } from "aws-cdk-lib/aws-logs";
import { LambdaDestination } from "aws-cdk-lib/aws-logs-destinations";
import { AssetHashType, Duration } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { LINE_COSTS_VARIABLE, type LineCostFacts } from "../../../core/pricing/cost/line-cost.ts";
import type { FunctionBundle } from "../function-bundle/function-bundle.ts";
import { NamedLogGroup } from "../log-group/log-group.ts";
import { writeLog } from "../serving-function/permissions.ts";
import type { ImportedResource, Operations } from "../serving-function/serving-function.ts";

export interface ReconcilerProps {
  readonly environment: string;
  readonly bundle: FunctionBundle;
  /** Where the functions write that account for requests, by the deployment's name. */
  readonly logGroups: ReadonlyMap<string, ILogGroup>;
  readonly usageTable: ImportedResource;
  readonly tenantsTable: ImportedResource;
  readonly operations: Operations;
  /** What requests cost by themselves. */
  readonly lineCosts: LineCostFacts;
}

/** Usage lines of every version: one that is newer than the reconciler must be told, not skipped. */
export const USAGE_LINES = '{ $.usage = "farthing.usage/*" }';

const MEMORY_MB = 512;
const TIMEOUT_SECONDS = 60;

export class Reconciler extends Construct {
  readonly function: LambdaFunction;
  readonly functionName: string;

  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    super(scope, id);
    const { environment, bundle, usageTable, tenantsTable, operations } = props;
    this.functionName = `farthing-${environment}-reconciler`;
    const logGroup = new NamedLogGroup(this, "Log", {
      environment,
      name: "reconciler",
      retentionDays: operations.logRetentionDays,
      removalPolicy: operations.logRemovalPolicy,
    });
    const role = new Role(this, "Role", {
      description: `What ${this.functionName} may do`,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        reconcile: new PolicyDocument({
          statements: [
            allow("CountUsage", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], usageTable.arn),
            allow("ReadTenants", ["dynamodb:GetItem", "dynamodb:Scan"], tenantsTable.arn),
            settleLeases(tenantsTable.arn),
            writeLog(logGroup.logGroupArn),
          ],
        }),
      },
    });
    this.function = new LambdaFunction(this, "Function", {
      functionName: this.functionName,
      description: "Usage lines become usage records",
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
        FARTHING_ENVIRONMENT: environment,
        [LINE_COSTS_VARIABLE]: JSON.stringify(props.lineCosts),
        FARTHING_USAGE_TABLE: usageTable.name,
        FARTHING_TENANTS_TABLE: tenantsTable.name,
        POWERTOOLS_SERVICE_NAME: "farthing-reconciler",
      },
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel[operations.platformLogLevel],
    });
    const destination = new LambdaDestination(this.function);
    for (const [deployment, source] of props.logGroups) {
      new SubscriptionFilter(this, `Lines-${deployment}`, {
        logGroup: source,
        destination,
        filterPattern: FilterPattern.literal(USAGE_LINES),
        filterName: "farthing-usage",
      });
    }
  }
}

/** Accounts of budgets, and nothing else of the table: not a key, not a tenant. */
const settleLeases = (tableArn: string) =>
  new PolicyStatement({
    sid: "SettleLeases",
    actions: ["dynamodb:PutItem"],
    resources: [tableArn],
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["budget#*"] } },
  });

const allow = (sid: string, actions: string[], resource: string) =>
  new PolicyStatement({ sid, actions, resources: [resource] });
