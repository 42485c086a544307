/**
 * The key of one upstream, and whose certificates to trust. Created empty (the CDK's own construct would make up a password):
 * `farthing upstream secret` fills it, so no key is ever in a template. Encrypted with AWS's own key of Secrets Manager.
 */
import { CfnSecret } from "aws-cdk-lib/aws-secretsmanager";
import { type RemovalPolicy, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { upstreamSecretName } from "../../../core/serving/upstream-secret.ts";

export interface UpstreamSecretProps {
  readonly environment: string;
  readonly upstream: string;
  readonly removalPolicy: RemovalPolicy;
}

export class UpstreamSecret extends Construct {
  constructor(scope: Construct, id: string, { environment, upstream, removalPolicy }: UpstreamSecretProps) {
    super(scope, id);
    const secret = new CfnSecret(this, "Secret", {
      name: upstreamSecretName(environment, upstream),
      description: `Key and trusted certificates of the upstream ${upstream} (farthing upstream secret ${upstream})`,
    });
    secret.applyRemovalPolicy(removalPolicy);
    Validations.of(secret).acknowledge({
      id: "AwsSolutions-SMG4",
      reason: "The key is given out by somebody else's server: only its operator can change it, and then says so here.",
    });
  }
}
