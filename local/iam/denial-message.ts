import type { RequiredPermission } from "../simulator.ts";

/** What was missing, or what forbade. */
export type DenialReason =
  | "no-identity-policy"
  | "no-permissions-boundary"
  | "explicit-identity-deny"
  | "explicit-boundary-deny"
  | "explicit-resource-deny"
  | "no-endpoint-policy"
  | "explicit-endpoint-deny";

const BECAUSE: Readonly<Record<DenialReason, (action: string) => string>> = {
  "no-identity-policy": (action) => `because no identity-based policy allows the ${action} action`,
  "no-permissions-boundary": (action) => `because no permissions boundary allows the ${action} action`,
  "explicit-identity-deny": () => "with an explicit deny in an identity-based policy",
  "explicit-boundary-deny": () => "with an explicit deny in a permissions boundary",
  "explicit-resource-deny": () => "with an explicit deny in a resource-based policy",
  "no-endpoint-policy": (action) => `because no VPC endpoint policy allows the ${action} action`,
  "explicit-endpoint-deny": () => "with an explicit deny in a VPC endpoint policy",
};

/**
 * AWS's own sentence; S3 is the one that quotes the resource.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function denialMessage(principalArn: string, permission: RequiredPermission, reason: DenialReason): string {
  const { action, resourceArn } = permission;
  const resource = action.startsWith("s3:") ? `"${resourceArn}"` : resourceArn;
  return `User: ${principalArn} is not authorized to perform: ${action} on resource: ${resource} ${BECAUSE[reason](action)}`;
}
