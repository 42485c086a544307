/**
 * What Lambda needs to run instances: the statements of AWSLambdaManagedEC2ResourceOperator, with the network narrowed to
 * ours. https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-operator-role.html
 */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";

/** Only such as Lambda's own scaler manages. */
export const ownInstances = (resources: string[]) =>
  new PolicyStatement({
    sid: "RunOwnInstances",
    actions: ["ec2:RunInstances", "ec2:CreateTags", "ec2:AttachNetworkInterface"],
    resources,
    conditions: { StringEquals: { "ec2:ManagedResourceOperator": "scaler.lambda.amazonaws.com" } },
  });

/** Describe actions know no resources. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html */
export const describeInstances = () =>
  new PolicyStatement({
    sid: "Describe",
    actions: [
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeCapacityReservations",
      "ec2:DescribeInstances",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstanceTypeOfferings",
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
    ],
    resources: ["*"],
  });

export const launchIntoNetwork = (networkArns: string[]) =>
  new PolicyStatement({
    sid: "LaunchIntoNetwork",
    actions: ["ec2:RunInstances", "ec2:CreateNetworkInterface"],
    resources: networkArns,
  });

export const launchFromImages = (imageArn: string) =>
  new PolicyStatement({
    sid: "LaunchAmazonImages",
    actions: ["ec2:RunInstances"],
    resources: [imageArn],
    conditions: { StringEquals: { "ec2:Owner": "amazon" } },
  });
