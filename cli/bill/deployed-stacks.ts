import {
  CloudFormationClient,
  GetTemplateCommand,
  paginateListStackResources,
  paginateListStacks,
} from "@aws-sdk/client-cloudformation";
import type { DeployedResource, DeployedStack } from "../../core/pricing/deployed-stack.ts";
import type { Template } from "../../core/pricing/template.ts";
import type { ClientSettings } from "../where.ts";

export interface DeployedEnvironment {
  readonly stacks: readonly DeployedStack[];
  /** When its first stack was created, milliseconds since the epoch: nothing stood there before. */
  readonly since: number;
}

export async function deployedStacks(environment: string, settings: ClientSettings): Promise<DeployedEnvironment> {
  const client = new CloudFormationClient(settings);
  const prefix = `farthing-${environment}-`;
  try {
    const names: string[] = [];
    let since = Number.POSITIVE_INFINITY;
    for await (const page of paginateListStacks({ client }, {})) {
      for (const { StackName = "", StackStatus, CreationTime } of page.StackSummaries ?? []) {
        if (!StackName.startsWith(prefix) || StackStatus === "DELETE_COMPLETE") continue;
        names.push(StackName);
        since = Math.min(since, CreationTime?.getTime() ?? since);
      }
    }
    const stacks = await Promise.all(
      names.map(async (StackName) => ({
        template: await templateOf(client, StackName),
        resources: await resourcesOf(client, StackName),
      })),
    );
    return { stacks, since };
  } finally {
    client.destroy();
  }
}

async function templateOf(client: CloudFormationClient, StackName: string): Promise<Template> {
  const { TemplateBody = "{}" } = await client.send(new GetTemplateCommand({ StackName }));
  return JSON.parse(TemplateBody) as Template;
}

async function resourcesOf(client: CloudFormationClient, StackName: string): Promise<readonly DeployedResource[]> {
  const resources: DeployedResource[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName })) {
    for (const { LogicalResourceId, ResourceType, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
      const [logicalId = "", type = "", physicalId = ""] = [LogicalResourceId, ResourceType, PhysicalResourceId];
      resources.push({ logicalId, type, physicalId });
    }
  }
  return resources;
}
