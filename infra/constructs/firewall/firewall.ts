/**
 * What stands before the API: addresses of bad repute, and floods from one address. Never a rule that reads bodies:
 * prompts look like SQL and HTML, and are longer than the 8 KB that AWS's core rule set lets pass. Tenants' own limits are
 * not its business. https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html
 */
import { CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { Construct } from "constructs";

export interface FirewallProps {
  readonly environment: string;
  /** ARN of the API's stage. */
  readonly stageArn: string;
  /** Requests of one address in five minutes from which it is blocked. */
  readonly requestsPerFiveMinutes: number;
}

const FIVE_MINUTES_IN_SECONDS = 300;

export class Firewall extends Construct {
  readonly webAcl: CfnWebACL;

  constructor(scope: Construct, id: string, { environment, stageArn, requestsPerFiveMinutes }: FirewallProps) {
    super(scope, id);
    const visible = (name: string): CfnWebACL.VisibilityConfigProperty => ({
      cloudWatchMetricsEnabled: true,
      metricName: `farthing-${environment}-${name}`,
      sampledRequestsEnabled: false,
    });
    this.webAcl = new CfnWebACL(this, "WebAcl", {
      name: `farthing-${environment}`,
      scope: "REGIONAL",
      defaultAction: { allow: {} },
      visibilityConfig: visible("firewall"),
      rules: [
        {
          name: "address-reputation",
          priority: 0,
          overrideAction: { none: {} },
          statement: {
            managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesAmazonIpReputationList" },
          },
          visibilityConfig: visible("address-reputation"),
        },
        {
          name: "address-rate",
          priority: 1,
          action: { block: {} },
          statement: {
            rateBasedStatement: {
              aggregateKeyType: "IP",
              limit: requestsPerFiveMinutes,
              evaluationWindowSec: FIVE_MINUTES_IN_SECONDS,
            },
          },
          visibilityConfig: visible("address-rate"),
        },
      ],
    });
    new CfnWebACLAssociation(this, "Association", { resourceArn: stageArn, webAclArn: this.webAcl.attrArn });
  }
}
