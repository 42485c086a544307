/** A log group with a name a person finds, `/farthing/<environment>/<what>`, and an end to what it keeps. */

import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { RemovalPolicy } from "aws-cdk-lib/core";
import type { Construct } from "constructs";

export interface NamedLogGroupProps {
  readonly environment: string;
  /** Name of a deployment, or `access`. */
  readonly name: string;
  readonly retentionDays: number;
  readonly removalPolicy: RemovalPolicy;
}

export const logGroupName = (environment: string, name: string): string => `/farthing/${environment}/${name}`;

export class NamedLogGroup extends LogGroup {
  constructor(scope: Construct, id: string, { environment, name, retentionDays, removalPolicy }: NamedLogGroupProps) {
    super(scope, id, { logGroupName: logGroupName(environment, name), retention: retentionDays, removalPolicy });
  }
}
