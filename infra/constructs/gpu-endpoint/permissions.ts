/** What SageMaker may do to run our models: fetch their image and weights, and write their logs. */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { allow } from "../allow.ts";

/** ECR's sign-in knows no resources. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html */
export const signInToRegistry = () => allow("SignInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]);

export const pullImages = (repositoryArns: string[]) =>
  allow(
    "PullImages",
    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    repositoryArns,
  );

/** `prefixes` end in `/`. */
export const readWeights = (bucketArn: string, prefixes: readonly string[]) =>
  allow(
    "ReadWeights",
    ["s3:GetObject"],
    prefixes.map((prefix) => `${bucketArn}/${prefix}*`),
  );

export const listWeights = (bucketArn: string, prefixes: readonly string[]) =>
  new PolicyStatement({
    sid: "ListWeights",
    actions: ["s3:ListBucket"],
    resources: [bucketArn],
    conditions: { StringLike: { "s3:prefix": prefixes.map((prefix) => `${prefix}*`) } },
  });

export const writeLogs = (logGroupArns: string[]) =>
  allow("WriteLogs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], logGroupArns);

export const decryptWeights = (keyArn: string) => allow("DecryptWeights", ["kms:Decrypt"], [keyArn]);

/** Requests come and answers go by S3, all below one folder of the model. */
export const readRequests = (bucketArn: string, prefix: string) =>
  allow("ReadAsyncRequests", ["s3:GetObject"], [`${bucketArn}/${prefix}requests/*`]);

export const writeResults = (bucketArn: string, prefix: string) =>
  allow("WriteAsyncResults", ["s3:PutObject"], [`${bucketArn}/${prefix}results/*`, `${bucketArn}/${prefix}failures/*`]);

export const encryptResults = (keyArn: string) => allow("EncryptResults", ["kms:GenerateDataKey"], [keyArn]);
