/**
 * CDK feature flags that change what these stacks emit. They stand in code, not in cdk.json: `farthing up` runs the app
 * without the CDK's command line, and both must get the same templates.
 * https://docs.aws.amazon.com/cdk/v2/guide/featureflags.html
 */
export const FEATURE_FLAGS = {
  /** Findings of the CDK's own CloudFormation validation end the synthesis, not only warn. */
  "@aws-cdk/core:validateAgainstDefaultRules": true,
  "@aws-cdk/core:checkSecretUsage": true,
  "@aws-cdk/core:target-partitions": ["aws", "aws-cn"],
  "@aws-cdk/core:enablePartitionLiterals": true,
  "@aws-cdk/core:explicitStackTags": true,
  "@aws-cdk/aws-iam:minimizePolicies": true,
  "@aws-cdk/aws-apigateway:disableCloudWatchRole": true,
  "@aws-cdk/aws-apigateway:requestValidatorUniqueId": true,
  "@aws-cdk/aws-lambda:recognizeLayerVersion": true,
  "@aws-cdk/aws-lambda:useCdkManagedLogGroup": true,
  "@aws-cdk/aws-s3:publicAccessBlockedByDefault": true,
} as const;
