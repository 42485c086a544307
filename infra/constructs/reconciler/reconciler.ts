/**
 * Turns usage lines into usage records: CloudWatch Logs sends the lines of every serving function to one small function, which
 * adds each to its record exactly once. What it cannot take now, Lambda sends again; the log itself is kept long enough to be
 * read again as a whole (`farthing tenant reconcile`).
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { FilterPattern, type ILogGroup, SubscriptionFilter } from "aws-cdk-lib/aws-logs";
import { LambdaDestination } from "aws-cdk-lib/aws-logs-destinations";
import type { Construct } from "constructs";
import { LINE_COSTS_VARIABLE, type LineCostFacts } from "../../../core/pricing/cost/line-cost.ts";
import { allow } from "../allow.ts";
import type { ImportedResource } from "../serving-function/serving-function.ts";
import { SmallFunction, type SmallFunctionProps } from "../small-function/small-function.ts";

export interface ReconcilerProps extends SmallFunctionProps {
  /** Where the functions write that account for requests, by the deployment's name. */
  readonly logGroups: ReadonlyMap<string, ILogGroup>;
  readonly usageTable: ImportedResource;
  readonly tenantsTable: ImportedResource;
  /** What requests cost by themselves. */
  readonly lineCosts: LineCostFacts;
}

/** Usage lines of every version: one that is newer than the reconciler must be told, not skipped. */
export const USAGE_LINES = '{ $.usage = "farthing.usage/*" }';

export class Reconciler extends SmallFunction {
  constructor(scope: Construct, id: string, props: ReconcilerProps) {
    const { environment, usageTable, tenantsTable, lineCosts, logGroups } = props;
    super(scope, id, props, {
      name: "reconciler",
      description: "Usage lines become usage records",
      memoryMb: 512,
      timeoutSeconds: 60,
      policy: {
        name: "reconcile",
        statements: [
          allow("CountUsage", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], [usageTable.arn]),
          allow("ReadTenants", ["dynamodb:GetItem", "dynamodb:Scan"], [tenantsTable.arn]),
          settleLeases(tenantsTable.arn),
        ],
      },
      variables: {
        FARTHING_ENVIRONMENT: environment,
        [LINE_COSTS_VARIABLE]: JSON.stringify(lineCosts),
        FARTHING_USAGE_TABLE: usageTable.name,
        FARTHING_TENANTS_TABLE: tenantsTable.name,
        POWERTOOLS_SERVICE_NAME: "farthing-reconciler",
      },
    });
    const destination = new LambdaDestination(this.function);
    for (const [deployment, source] of logGroups) {
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
