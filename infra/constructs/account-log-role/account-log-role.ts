/**
 * The role with which API Gateway writes logs: one per account and region, for every API in it. It stays when the stack
 * goes, because other environments of the account write with it.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
 */

import { CfnAccount } from "aws-cdk-lib/aws-apigateway";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { RemovalPolicy, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";

/** What API Gateway checks for, and refuses the role without: the content of AmazonAPIGatewayPushToCloudWatchLogs. */
const REQUIRED_ACTIONS = [
  "logs:CreateLogGroup",
  "logs:CreateLogStream",
  "logs:DescribeLogGroups",
  "logs:DescribeLogStreams",
  "logs:PutLogEvents",
  "logs:GetLogEvents",
  "logs:FilterLogEvents",
];

export class AccountLogRole extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const role = new Role(this, "Role", {
      description: "API Gateway writes the access logs of this account and region",
      assumedBy: new ServicePrincipal("apigateway.amazonaws.com"),
      inlinePolicies: {
        logs: new PolicyDocument({
          statements: [new PolicyStatement({ sid: "WriteApiLogs", actions: REQUIRED_ACTIONS, resources: ["*"] })],
        }),
      },
    });
    Validations.of(role).acknowledge({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason:
        "The account's setting serves every API of the region, present and future; API Gateway refuses a role with less.",
    });
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    new CfnAccount(this, "Account", { cloudWatchRoleArn: role.roleArn }).applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}
