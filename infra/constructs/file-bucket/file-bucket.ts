/**
 * Where customers' files lie: `files/<tenant>/<file>/<part>` (core/files/file.ts). Apart from the models: what customers bring must not
 * reach what serves, it is not kept in versions once it is deleted, and it all goes after a month.
 */
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Duration, type RemovalPolicy, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { FILE_LIMITS } from "../../../core/files/file.ts";
import { WHOLE_BUCKET_METRICS } from "../model-bucket/request-metrics.ts";

const INCOMPLETE_UPLOAD_DAYS = 1;
/** S3 counts whole days, from the midnight after the upload. */
const KEPT_DAYS = FILE_LIMITS.longestKeptMillis / 86_400_000;

export interface FileBucketProps {
  readonly removalPolicy: RemovalPolicy;
  readonly requestMetrics: boolean;
}

export class FileBucket extends Bucket {
  constructor(scope: Construct, id: string, { removalPolicy, requestMetrics }: FileBucketProps) {
    super(scope, id, {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      versioned: false,
      removalPolicy,
      ...(requestMetrics && WHOLE_BUCKET_METRICS),
      lifecycleRules: [
        {
          id: "month-old-files",
          expiration: Duration.days(KEPT_DAYS),
          abortIncompleteMultipartUploadAfter: Duration.days(INCOMPLETE_UPLOAD_DAYS),
        },
      ],
    });
    Validations.of(this).acknowledge({
      id: "AwsSolutions-S1",
      reason:
        "No server access log: only the router's role reaches these objects, and who needs a trail of reads switches on CloudTrail data events, which name the caller.",
    });
  }
}
