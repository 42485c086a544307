/** What a function may do at the cache: log in, as the one user that there is. What it may do then stands in that user's own rules. */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { ArnFormat, type Stack } from "aws-cdk-lib/core";
import type { CacheAddress } from "../../stacks/cache-stack.ts";

/** Both resources are needed: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html#auth-iam-setup */
export function cacheStatements(stack: Stack, cache: CacheAddress | undefined): readonly PolicyStatement[] {
  if (cache === undefined) return [];
  const arn = (resource: string): string =>
    stack.formatArn({
      service: "elasticache",
      resource,
      resourceName: cache.name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  return [
    new PolicyStatement({
      sid: "ConnectToCache",
      actions: ["elasticache:Connect"],
      resources: [arn("serverlesscache"), arn("user")],
    }),
  ];
}
