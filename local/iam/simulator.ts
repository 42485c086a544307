import { physicalName } from "../physical-name.ts";
import type { ResolvedResource, Simulator, SimulatorContext } from "../simulator.ts";
import { IamAccessControl, type LocalAccessControl } from "./access-control.ts";
import { absentConditionKeys } from "./condition-keys.ts";
import { type Policy, parsePolicy } from "./policy-document.ts";
import { readManagedPolicy, readPolicy, readRole } from "./resource-properties.ts";
import { RoleStore } from "./roles.ts";

const MAX_NAME_LENGTH = { role: 64, policy: 128 };

/**
 * Roles and policies of the templates, and the decision about every call: the platform's `AccessControl`. Make it
 * first: the endpoint and S3 ask it.
 */
export function createIamSimulator(
  context: Pick<SimulatorContext, "accountId" | "region" | "emit">,
): Simulator & LocalAccessControl {
  const { accountId, region, emit } = context;
  const roles = new RoleStore();
  const access = new IamAccessControl(roles, { accountId, region });
  const address = (resource: ResolvedResource) => `${resource.stack}/${resource.logicalId}`;

  const parsed = (
    documents: readonly { document: unknown; kind: Parameters<typeof parsePolicy>[1]; where: string }[],
  ) => {
    const policies = documents.map(({ document, kind, where }) => parsePolicy(document, kind, where));
    for (const key of absentConditionKeys(policies)) {
      const where = documents.map((document) => document.where).join(", ");
      emit({
        type: "warning",
        message: `${where}: no request here carries the condition key ${key}; it counts as absent`,
      });
    }
    return policies;
  };
  const parseOne = (document: unknown, kind: "identity" | "trust", where: string): Policy =>
    parsed([{ document, kind, where }])[0] as Policy;

  return {
    resources: {
      "AWS::IAM::Role": {
        honoured: [
          "AssumeRolePolicyDocument",
          "ManagedPolicyArns",
          "Path",
          "PermissionsBoundary",
          "Policies",
          "RoleName",
        ],
        ignored: {
          Description: "text for people",
          MaxSessionDuration: "sessions here last as long as the platform",
          Tags: "no policy here compares tags",
        },
        async create(resource) {
          const properties = readRole(resource);
          const name = properties.RoleName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH.role });
          const arn = `arn:aws:iam::${accountId}:role${properties.Path}${name}`;
          roles.put({
            name,
            arn,
            trust: parseOne(properties.AssumeRolePolicyDocument, "trust", `trust policy of role ${name}`),
            inline: parsed(
              properties.Policies.map(({ PolicyName, PolicyDocument }) => ({
                document: PolicyDocument,
                kind: "identity" as const,
                where: `policy ${PolicyName} of role ${name}`,
              })),
            ),
            managedPolicyArns: properties.ManagedPolicyArns,
            ...(properties.PermissionsBoundary === undefined
              ? {}
              : { permissionsBoundaryArn: properties.PermissionsBoundary }),
          });
          return { ref: name, attributes: { Arn: arn, RoleId: `AROA${name}` } };
        },
      },
      "AWS::IAM::Policy": {
        honoured: ["PolicyDocument", "PolicyName", "Roles"],
        async create(resource) {
          const { PolicyName, PolicyDocument, Roles } = readPolicy(resource);
          roles.attach(address(resource), parseOne(PolicyDocument, "identity", `policy ${PolicyName}`), Roles);
          return { ref: PolicyName };
        },
      },
      "AWS::IAM::ManagedPolicy": {
        honoured: ["ManagedPolicyName", "Path", "PolicyDocument", "Roles"],
        ignored: { Description: "text for people" },
        async create(resource) {
          const properties = readManagedPolicy(resource);
          const name = properties.ManagedPolicyName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH.policy });
          const arn = `arn:aws:iam::${accountId}:policy${properties.Path}${name}`;
          const policy = parseOne(properties.PolicyDocument, "identity", `managed policy ${name}`);
          roles.putManagedPolicy(arn, policy);
          roles.attach(address(resource), policy, properties.Roles);
          return { ref: arn, attributes: { PolicyArn: arn, PolicyId: `ANPA${name}` } };
        },
      },
    },
    assumeRole: (...asked) => access.assumeRole(...asked),
    callerOf: (accessKeyId) => access.callerOf(accessKeyId),
    credentialsOf: (accessKeyId) => access.credentialsOf(accessKeyId),
    evaluate: (...asked) => access.evaluate(...asked),
    setResourcePolicy: (source, arnPatterns, policy) => access.setResourcePolicy(source, arnPatterns, policy),
  };
}
