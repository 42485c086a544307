/**
 * AWS-managed policies that templates here attach, as AWS publishes them. Another one is added as a row; a role that
 * names one which is not here is an error at load.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
interface ManagedPolicyDocument {
  readonly source: string;
  readonly document: unknown;
}

const REFERENCE = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference";

const allowEverywhere = (...actions: readonly string[]) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }],
});

export const AWS_MANAGED_POLICIES: Readonly<Record<string, ManagedPolicyDocument>> = {
  "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": {
    source: `${REFERENCE}/AWSLambdaBasicExecutionRole.html`,
    document: allowEverywhere("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
  },
  "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicDurableExecutionRolePolicy": {
    source: `${REFERENCE}/AWSLambdaBasicDurableExecutionRolePolicy.html`,
    document: allowEverywhere(
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "lambda:CheckpointDurableExecution",
      "lambda:GetDurableExecutionState",
    ),
  },
  "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs": {
    source: `${REFERENCE}/AmazonAPIGatewayPushToCloudWatchLogs.html`,
    document: allowEverywhere(
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogGroups",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
      "logs:GetLogEvents",
      "logs:FilterLogEvents",
    ),
  },
};
