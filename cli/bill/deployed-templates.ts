import { CloudFormationClient, GetTemplateCommand, paginateListStacks } from "@aws-sdk/client-cloudformation";
import type { Template } from "../../core/pricing/template.ts";
import type { ClientSettings } from "../where.ts";

export interface DeployedEnvironment {
  /** As CloudFormation keeps them. */
  readonly templates: readonly Template[];
  /** When its first stack was created, milliseconds since the epoch: nothing stood there before. */
  readonly since: number;
}

export async function deployedTemplates(environment: string, settings: ClientSettings): Promise<DeployedEnvironment> {
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
    const templates = await Promise.all(
      names.map(async (StackName) => {
        const { TemplateBody = "{}" } = await client.send(new GetTemplateCommand({ StackName }));
        return JSON.parse(TemplateBody) as Template;
      }),
    );
    return { templates, since };
  } finally {
    client.destroy();
  }
}
