/** What the router may do for upstreams: read their secrets, by name. Secrets Manager adds six characters to it. */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { ArnFormat, type Stack } from "aws-cdk-lib/core";
import type { UpstreamRoute } from "../../upstream-routes.ts";

export function upstreamStatements(stack: Stack, upstreams: readonly UpstreamRoute[]): readonly PolicyStatement[] {
  const secrets = upstreams.flatMap(({ secret }) => secret ?? []);
  if (secrets.length === 0) return [];
  return [
    new PolicyStatement({
      sid: "ReadUpstreamSecrets",
      actions: ["secretsmanager:GetSecretValue"],
      // https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html#auth-and-access_examples_wildcard
      resources: secrets.map((secret) =>
        stack.formatArn({
          service: "secretsmanager",
          resource: "secret",
          resourceName: `${secret}-??????`,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ),
    }),
  ];
}
