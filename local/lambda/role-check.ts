import type { AccessControl } from "../simulator.ts";
import type { FunctionVersion } from "./function-version.ts";

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
const INTERFACE_ACTIONS = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** Throws where Lambda would refuse to create the function: it cannot take the role, or make its interfaces with it. */
export function requireRole(access: AccessControl, { roleArn, network, functionName }: FunctionVersion): void {
  const { accessKeyId } = access.assumeRole(roleArn, "start-check");
  const caller = access.callerOf(accessKeyId);
  if (network === undefined || caller === undefined) return;
  const missing = INTERFACE_ACTIONS.filter((action) => !access.evaluate(caller, { action, resourceArn: "*" }).allowed);
  if (missing.length === 0) return;
  throw new Error(
    `${functionName}: it is in a VPC, and its role ${roleArn} does not allow ${missing.join(", ")} on "*".`,
  );
}
