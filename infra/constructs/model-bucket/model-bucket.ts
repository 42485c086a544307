/** Where versions' files lie: `blobs/<sha256>` and `manifests/<model>/<digest>.json` (core/models/manifest.ts). */

import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Duration, type RemovalPolicy, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { WHOLE_BUCKET_METRICS } from "./request-metrics.ts";

export interface ModelBucketProps {
  readonly removalPolicy: RemovalPolicy;
  /** Keep overwritten and deleted files for NONCURRENT_DAYS. */
  readonly versioned: boolean;
  /** Count requests by kind; billed like custom metrics while there are any. */
  readonly requestMetrics: boolean;
}

const INCOMPLETE_UPLOAD_DAYS = 2;
const NONCURRENT_DAYS = 30;

export class ModelBucket extends Bucket {
  constructor(scope: Construct, id: string, { removalPolicy, versioned, requestMetrics }: ModelBucketProps) {
    super(scope, id, {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      versioned,
      removalPolicy,
      ...(requestMetrics && WHOLE_BUCKET_METRICS),
      lifecycleRules: [
        {
          id: "abandoned-uploads",
          abortIncompleteMultipartUploadAfter: Duration.days(INCOMPLETE_UPLOAD_DAYS),
          ...(versioned && {
            noncurrentVersionExpiration: Duration.days(NONCURRENT_DAYS),
            expiredObjectDeleteMarker: true,
          }),
        },
      ],
    });
    Validations.of(this).acknowledge({
      id: "AwsSolutions-S1",
      reason:
        "No server access log: every file is named by its SHA-256 and verified when read, only the functions' roles read it, and who needs a trail of reads switches on CloudTrail data events, which name the caller.",
    });
  }
}
