import { join } from "node:path";
import * as z from "zod";
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import type { LocalAccessControl } from "../iam/access-control.ts";
import { parsePolicy } from "../iam/policy-document.ts";
import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { createS3Api } from "./api.ts";
import { Bucket } from "./bucket.ts";
import { createBucketMetrics } from "./bucket-metrics.ts";
import { bucketArn, objectArn } from "./operation.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET_NAME = /^(?!xn--|\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]$/;
const MAX_NAME_LENGTH = 63;

const bucketProperties = z.object({
  BucketName: z.string().regex(BUCKET_NAME).optional(),
  /** Filters by prefix or tag are not simulated: the requests of the whole bucket only. */
  MetricsConfigurations: z
    .array(z.strictObject({ Id: z.string().min(1).max(64) }))
    .max(1)
    .optional(),
});
const policyProperties = z.object({ Bucket: z.string(), PolicyDocument: z.unknown() });

const IGNORED = {
  AccelerateConfiguration: "there is no distance to bridge",
  AccessControl: "access is decided by IAM and bucket policies alone, as AWS advises",
  BucketEncryption: "the disk's own encryption applies; answers say AES256",
  CorsConfiguration: "browsers reach objects through the API, not here",
  IntelligentTieringConfigurations: "a price",
  LifecycleConfiguration: "nothing expires; uploads left unfinished for 7 days go at the next start",
  LoggingConfiguration: "access logs of the local machine have no reader",
  OwnershipControls: "there is one owner",
  PublicAccessBlockConfiguration: "nothing is public: every request is signed",
  Tags: "no policy here compares tags",
  VersioningConfiguration: "one version is kept: what the product overwrites is named by its digest",
} as const;

/** S3 on disk, below `<state>/s3/<bucket>`. */
export function createS3Simulator(
  context: Pick<SimulatorContext, "region" | "stateDirectory" | "clock">,
  {
    access,
    metrics,
  }: {
    readonly access: Pick<LocalAccessControl, "evaluate" | "setResourcePolicy">;
    /** Told of requests and stored bytes. Default: nobody. */
    readonly metrics?: MetricRecorder;
  },
): Simulator {
  const { region, clock } = context;
  const buckets = new Map<string, Bucket>();
  const filters = new Map<string, string>();
  const bucketMetrics = metrics && createBucketMetrics(metrics, clock, (bucket) => filters.get(bucket));
  return {
    resources: {
      "AWS::S3::Bucket": {
        honoured: ["BucketName", "MetricsConfigurations"],
        ignored: IGNORED,
        async create(resource) {
          const { BucketName, MetricsConfigurations = [] } = readProperties(resource, bucketProperties);
          const name = BucketName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH, lowerCase: true });
          // Made again after a change of the template: its open files and locks stay.
          const bucket =
            buckets.get(name) ?? (await Bucket.open(join(context.stateDirectory, "s3", name), name, clock()));
          buckets.set(name, bucket);
          bucketMetrics?.stored(bucket);
          const [filter] = MetricsConfigurations;
          if (filter !== undefined) filters.set(name, filter.Id);
          return {
            ref: name,
            attributes: {
              Arn: bucketArn(name),
              DomainName: `${name}.s3.amazonaws.com`,
              DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
              RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
              WebsiteURL: `http://${name}.s3-website-${region}.amazonaws.com`,
            },
          };
        },
      },
      "AWS::S3::BucketPolicy": {
        honoured: ["Bucket", "PolicyDocument"],
        async create(resource) {
          const { Bucket: name, PolicyDocument } = readProperties(resource, policyProperties);
          const policy = parsePolicy(PolicyDocument, "resource", `policy of bucket ${name}`);
          access.setResourcePolicy(bucketArn(name), [bucketArn(name), objectArn(name, "*")], policy);
          return { ref: name };
        },
      },
    },
    service: createS3Api({ region, access, clock, buckets: () => [...buckets.values()] }, bucketMetrics),
  };
}
