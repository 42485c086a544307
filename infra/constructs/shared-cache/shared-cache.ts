/**
 * ElastiCache Serverless for Valkey: encrypted, and open to roles of this account only. By default with a public endpoint, which is
 * reached without a VPC, so that no function needs one and nothing pays for NAT (needs Valkey 9); or within a network. Which one is
 * fixed at creation. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-public-endpoints-chapter.html
 */
import { CfnServerlessCache, CfnUser, CfnUserGroup } from "aws-cdk-lib/aws-elasticache";
import { RemovalPolicy } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { CacheLimits } from "../../../core/planner/cache-cost.ts";
import { sharedCacheName } from "../../cache-options.ts";
import type { NetworkPlace } from "../../network-place.ts";

export interface SharedCacheProps {
  readonly environment: string;
  readonly limits: CacheLimits;
  /** Undefined: a public endpoint. */
  readonly network: NetworkPlace | undefined;
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

  constructor(scope: Construct, id: string, { environment, limits, network }: SharedCacheProps) {
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
      ...(network === undefined
        ? { connectionType: "public" }
        : { subnetIds: [...network.subnetIds], securityGroupIds: [...network.securityGroupIds] }),
      userGroupId: group.ref,
      cacheUsageLimits: {
        dataStorage: { maximum: limits.maxGb, unit: "GB" },
        ecpuPerSecond: {
          maximum: limits.maxUnitsPerSecond,
          // Billed whether it is used or not.
          ...(limits.minUnitsPerSecond > 0 && { minimum: limits.minUnitsPerSecond }),
        },
      },
    });
    // Nothing in it is worth keeping.
    for (const resource of [user, group, cache]) resource.applyRemovalPolicy(RemovalPolicy.DESTROY);
    this.host = cache.getAtt("Endpoint.Address").toString();
    this.port = cache.getAtt("Endpoint.Port").toString();
  }
}
