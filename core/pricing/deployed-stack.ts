import type { Template } from "./template.ts";

/** A stack as CloudFormation keeps it. */
export interface DeployedStack {
  readonly template: Template;
  readonly resources: readonly DeployedResource[];
}

export interface DeployedResource {
  readonly logicalId: string;
  readonly type: string;
  /** What `Ref` answers: for most a name, for some an ARN. */
  readonly physicalId: string;
}
