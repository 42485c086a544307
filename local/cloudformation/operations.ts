import { createHash } from "node:crypto";
import { listParameter, type QueryCall } from "../endpoint/query-service.ts";
import { ServiceError } from "../endpoint/service-error.ts";
import type { XmlElements } from "../endpoint/xml.ts";
import type { StackDescription, StackResource, StackView } from "./stack-view.ts";

export interface CloudFormationFacts {
  readonly accountId: string;
  readonly region: string;
  readonly view: StackView;
}

export type CloudFormationOperation = (parameters: QueryCall["parameters"], facts: CloudFormationFacts) => XmlElements;

/** A list of the query protocol: `<Stacks><member>…</member></Stacks>`. */
const list = (members: readonly XmlElements[]): XmlElements => ({ member: members });
const iso = (millis: number) => new Date(millis).toISOString();

/**
 * CloudFormation's calls that tell of stacks; none that change them. Everything fits one page.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
 */
export const CLOUDFORMATION_OPERATIONS: Readonly<Record<string, CloudFormationOperation>> = {
  DescribeStacks: (parameters, facts) => {
    const name = parameters.get("StackName");
    const stacks = name === null ? facts.view.stacks() : [requireStack(name, facts)];
    return { Stacks: list(stacks.map((stack) => describeStack(stack, facts))) };
  },

  ListStacks: (parameters, facts) => {
    const statuses = listParameter(parameters, "StackStatusFilter");
    const stacks = facts.view.stacks().filter(({ status }) => statuses.length === 0 || statuses.includes(status));
    return {
      StackSummaries: list(
        stacks.map((stack) => ({
          StackId: stackId(stack.name, facts),
          StackName: stack.name,
          TemplateDescription: stack.description,
          CreationTime: iso(stack.createdAtMillis),
          StackStatus: stack.status,
        })),
      ),
    };
  },

  /** JSON, as the CDK writes templates. */
  GetTemplate: (parameters, facts) => ({
    TemplateBody: JSON.stringify(requireStack(parameters.get("StackName"), facts).template ?? {}),
    StagesAvailable: { member: "Original" },
  }),

  ListStackResources: (parameters, facts) => {
    const stack = requireStack(parameters.get("StackName"), facts);
    return {
      StackResourceSummaries: list(
        stack.resources.map((resource) => ({
          ...describeResource(resource),
          LastUpdatedTimestamp: iso(stack.createdAtMillis),
        })),
      ),
    };
  },

  DescribeStackResources: (parameters, facts) => {
    const stack = requireStack(parameters.get("StackName"), facts);
    const wanted = parameters.get("LogicalResourceId");
    return {
      StackResources: list(
        stack.resources
          .filter(({ logicalId }) => wanted === null || wanted === logicalId)
          .map((resource) => ({
            StackName: stack.name,
            StackId: stackId(stack.name, facts),
            ...describeResource(resource),
            Timestamp: iso(stack.createdAtMillis),
          })),
      ),
    };
  },
};

/** The ARN that a call about one stack needs its permission on; all stacks when none is named. */
export function stackArn(nameOrId: string | null, facts: CloudFormationFacts): string {
  if (nameOrId?.startsWith("arn:")) return nameOrId;
  return nameOrId === null ? `${arnPrefix(facts)}*/*` : stackId(nameOrId, facts);
}

function requireStack(nameOrId: string | null, facts: CloudFormationFacts): StackDescription {
  if (nameOrId === null) throw validationError("StackName is required");
  const found = facts.view.stacks().find(({ name }) => name === nameOrId || stackId(name, facts) === nameOrId);
  if (found === undefined) throw validationError(`Stack with id ${nameOrId} does not exist`);
  return found;
}

function describeStack(stack: StackDescription, facts: CloudFormationFacts): XmlElements {
  return {
    StackId: stackId(stack.name, facts),
    StackName: stack.name,
    Description: stack.description,
    CreationTime: iso(stack.createdAtMillis),
    StackStatus: stack.status,
    DisableRollback: false,
    Outputs: list(
      stack.outputs.map(({ key, value, description, exportName }) => ({
        OutputKey: key,
        OutputValue: value,
        Description: description,
        ExportName: exportName,
      })),
    ),
    Parameters: list(
      Object.entries(stack.parameters ?? {}).map(([key, value]) => ({ ParameterKey: key, ParameterValue: value })),
    ),
    Tags: list(Object.entries(stack.tags ?? {}).map(([key, value]) => ({ Key: key, Value: value }))),
  };
}

const describeResource = ({ logicalId, physicalId, type }: StackResource): XmlElements => ({
  LogicalResourceId: logicalId,
  PhysicalResourceId: physicalId,
  ResourceType: type,
  ResourceStatus: "CREATE_COMPLETE",
});

const arnPrefix = ({ accountId, region }: CloudFormationFacts) =>
  `arn:aws:cloudformation:${region}:${accountId}:stack/`;

/** A real stack's id ends with a random UUID; this one's is a digest, so that it stays the same between runs. */
function stackId(name: string, facts: CloudFormationFacts): string {
  const hex = createHash("sha256").update(name).digest("hex");
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
  return `${arnPrefix(facts)}${name}/${uuid}`;
}

const validationError = (message: string) => new ServiceError(400, "ValidationError", message);
