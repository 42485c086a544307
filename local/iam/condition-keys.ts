import type { Policy } from "./policy-document.ts";

/**
 * Condition keys that requests carry here. A policy that asks for another one is evaluated as if the key were absent,
 * as IAM does; since that may deny what the account allows, the platform says so when it starts.
 */
const PRESENT_KEYS = new Set(
  [
    "aws:SecureTransport",
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:ResourceAccount",
    "aws:RequestedRegion",
    "aws:SourceAccount",
    "cloudwatch:namespace",
    "dynamodb:LeadingKeys",
    "lambda:SourceFunctionArn",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
  ].map((key) => key.toLowerCase()),
);

/** Of services that take no requests here: what a policy says of them is never asked. */
const OF_ABSENT_SERVICES = /^ec2:/i;

export function absentConditionKeys(policies: readonly Policy[]): string[] {
  const keys = policies.flatMap(({ statements }) =>
    statements.flatMap(({ conditions }) => conditions.map(({ key }) => key)),
  );
  return [...new Set(keys)].filter((key) => !PRESENT_KEYS.has(key.toLowerCase()) && !OF_ABSENT_SERVICES.test(key));
}
