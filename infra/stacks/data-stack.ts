/** What lasts: the bucket with the models' files, the registry of models, the tenants with their keys, what they used, and their jobs. */
import { CfnOutput, Fn, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { STREAMS_INDEX } from "../../core/idempotency/once-record.ts";
import type { EnvironmentConfig } from "../config.ts";
import { AnswerBucket } from "../constructs/answer-bucket/answer-bucket.ts";
import { FileBucket } from "../constructs/file-bucket/file-bucket.ts";
import { ModelBucket } from "../constructs/model-bucket/model-bucket.ts";
import type { ImportedResource, ServingState } from "../constructs/serving-function/serving-function.ts";
import { StateTable } from "../constructs/state-table/state-table.ts";
import { UpstreamSecret } from "../constructs/upstream-secret/upstream-secret.ts";

export interface DataStackProps extends StackProps {
  readonly environment: string;
  readonly config: EnvironmentConfig;
}

export class DataStack extends Stack {
  readonly state: ServingState;

  constructor(scope: Construct, id: string, { environment, config, ...props }: DataStackProps) {
    super(scope, id, props);
    const removalPolicy = removalPolicyOf(config);
    const requestMetrics = config.bucketMetrics;
    const modelBucket = new ModelBucket(this, "Models", {
      removalPolicy,
      versioned: config.versionedModels,
      requestMetrics,
    });
    const fileBucket = new FileBucket(this, "Files", { removalPolicy, requestMetrics });
    const table = (id: string, sortKey: boolean) =>
      new StateTable(this, id, { sortKey, removalPolicy, protect: config.protectData });
    const registry = table("Registry", true);
    const tenants = table("Tenants", false);
    const usage = table("Usage", true);
    const jobs = table("Jobs", true);
    const requests = table("Requests", false);
    // Streams that run, by when they began: whoever sweeps reads no more than those (adapters/dynamodb/streams-under-way.ts).
    requests.indexOf(STREAMS_INDEX);
    const answers = new AnswerBucket(this, "Answers", { requestMetrics });
    for (const { name, secret } of config.upstreams) {
      if (secret) new UpstreamSecret(this, `Upstream-${name}`, { environment, upstream: name, removalPolicy });
    }
    const output = (what: string, value: string): string => {
      const exportName = `farthing-${environment}-${what}`;
      new CfnOutput(this, what, { value, exportName });
      return exportName;
    };
    const shared = (what: string, name: string, arn: string): ImportedResource => {
      const arnExport = output(`${what}Arn`, arn);
      return { name: Fn.importValue(output(what, name)), arn: Fn.importValue(arnExport), arnExport };
    };
    this.state = {
      modelBucket: shared("ModelBucket", modelBucket.bucketName, modelBucket.bucketArn),
      fileBucket: shared("FileBucket", fileBucket.bucketName, fileBucket.bucketArn),
      registryTable: shared("RegistryTable", registry.tableName, registry.tableArn),
      tenantsTable: shared("TenantsTable", tenants.tableName, tenants.tableArn),
      usageTable: shared("UsageTable", usage.tableName, usage.tableArn),
      jobsTable: shared("JobsTable", jobs.tableName, jobs.tableArn),
      requestsTable: shared("RequestsTable", requests.tableName, requests.tableArn),
      answerBucket: shared("AnswerBucket", answers.bucketName, answers.bucketArn),
    };
  }
}

/** Retained things survive the stack, but not a creation that failed half-way: their names are free for the next try. */
export const removalPolicyOf = ({ removal }: Pick<EnvironmentConfig, "removal">): RemovalPolicy =>
  removal === "retain" ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
