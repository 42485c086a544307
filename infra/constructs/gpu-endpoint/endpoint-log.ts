/** Where SageMaker writes what a container prints; made here so that it has an end to what it keeps. */
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { RemovalPolicy } from "aws-cdk-lib/core";
import type { Construct } from "constructs";

export interface EndpointLogs {
  readonly retentionDays: number;
  readonly removalPolicy: RemovalPolicy;
}

export class EndpointLog extends LogGroup {
  /** `of`: `Endpoints/<name>` or `InferenceComponents/<name>`, as SageMaker names them. */
  constructor(scope: Construct, id: string, of: string, { retentionDays, removalPolicy }: EndpointLogs) {
    super(scope, id, { logGroupName: `/aws/sagemaker/${of}`, retention: retentionDays, removalPolicy });
  }
}
