/** The cache that the functions share; a stack of its own, because it may be thrown away and made anew at any time. */
import { CfnOutput, Fn, Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { CacheLimits } from "../../core/planner/cache-cost.ts";
import { sharedCacheName } from "../cache-options.ts";
import { SharedCache } from "../constructs/shared-cache/shared-cache.ts";
import type { NetworkPlace } from "../network-place.ts";

export interface CacheStackProps extends StackProps {
  readonly environment: string;
  readonly limits: CacheLimits;
  /** Undefined: the cache has a public endpoint. */
  readonly network: NetworkPlace | undefined;
}

/** What a function is told of the cache. */
export interface CacheAddress {
  readonly host: string;
  readonly port: string;
  /** Of the cache and of its user. */
  readonly name: string;
}

export class CacheStack extends Stack {
  readonly address: CacheAddress;

  constructor(scope: Construct, id: string, { environment, limits, network, ...props }: CacheStackProps) {
    super(scope, id, props);
    const { host, port } = new SharedCache(this, "Shared", { environment, limits, network });
    const shared = (what: string, value: string): string => {
      const exportName = `farthing-${environment}-${what}`;
      new CfnOutput(this, what, { value, exportName });
      return Fn.importValue(exportName);
    };
    this.address = {
      host: shared("CacheHost", host),
      port: shared("CachePort", port),
      name: sharedCacheName(environment),
    };
  }
}
