/** Where answers of requests with an Idempotency-Key lie that are too large for their record: `<tenant>/<token>`, for a day. */
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { WHOLE_BUCKET_METRICS } from "../model-bucket/request-metrics.ts";

/** The shortest that there is: counted from the midnight after. https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html */
const KEPT_DAYS = 1;

export class AnswerBucket extends Bucket {
  constructor(scope: Construct, id: string, { requestMetrics }: { readonly requestMetrics: boolean }) {
    super(scope, id, {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      // What is in it ends within two days by itself.
      removalPolicy: RemovalPolicy.DESTROY,
      ...(requestMetrics && WHOLE_BUCKET_METRICS),
      lifecycleRules: [
        {
          id: "answers-end",
          expiration: Duration.days(KEPT_DAYS),
          abortIncompleteMultipartUploadAfter: Duration.days(KEPT_DAYS),
        },
      ],
    });
    Validations.of(this).acknowledge({
      id: "AwsSolutions-S1",
      reason:
        "No server access log: only the functions' roles read it, objects are named by random tokens and gone within two days; who needs a trail of reads switches on CloudTrail data events.",
    });
  }
}
