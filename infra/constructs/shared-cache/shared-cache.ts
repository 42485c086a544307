/**
 * ElastiCache Serverless for Valkey with a public endpoint: encrypted, open to roles of this account only, and reached without a
 * VPC, so that no function needs one and nothing pays for NAT. Fixed at creation; needs Valkey 9.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-public-endpoints-chapter.html
 */
import { CfnServerlessCache, CfnUser, CfnUserGroup } from "aws-cdk-lib/aws-elasticache";
import { RemovalPolicy } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { type CacheOptions, sharedCacheName } from "../../cache-options.ts";

export interface SharedCacheProps {
  readonly environment: string;
  readonly options: CacheOptions;
}

/**
 * The commands of adapters/valkey on the names that it gives: answers, claims and streams. Whoever has a function's role can
 * neither list nor flush.
 */
const ACCESS =
  "on ~a:* ~f:* -@all +get +set +eval +del +pexpire +rpush +lrange +unlink +auth +hello +ping +cluster|slots +cluster|shards";

export class SharedCache extends Construct {
  readonly host: string;
  readonly port: string;

  constructor(scope: Construct, id: string, { environment, options }: SharedCacheProps) {
    super(scope, id);
    const name = sharedCacheName(environment);
    const user = new CfnUser(this, "User", {
      engine: "valkey",
      userId: name,
      // ElastiCache takes IAM logins only where id and name are the same.
      userName: name,
      authenticationMode: { Type: "iam" },
      accessString: ACCESS,
    });
    const group = new CfnUserGroup(this, "Users", { engine: "valkey", userGroupId: name, userIds: [user.ref] });
    const cache = new CfnServerlessCache(this, "Cache", {
      serverlessCacheName: name,
      description: `Farthing ${environment}: answers, and streams on their way`,
      engine: "valkey",
      majorEngineVersion: "9",
      connectionType: "public",
      userGroupId: group.ref,
      cacheUsageLimits: {
        dataStorage: { maximum: options.maxGb, unit: "GB" },
        ecpuPerSecond: { maximum: options.maxEcpuPerSecond },
      },
    });
    // Nothing in it is worth keeping.
    for (const resource of [user, group, cache]) resource.applyRemovalPolicy(RemovalPolicy.DESTROY);
    this.host = cache.getAtt("Endpoint.Address").toString();
    this.port = cache.getAtt("Endpoint.Port").toString();
  }
}
