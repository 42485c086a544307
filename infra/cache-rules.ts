/** What a cache in a network of its own allows of the rest of its environment. */
import type { CacheOptions } from "./cache-options.ts";
import type { ConfigProblem } from "./config-problem.ts";
import type { Placement } from "./placement.ts";

export interface UsersOfCache {
  readonly modelGroups: readonly { readonly name: string; readonly placement: Placement }[];
  readonly cache?: Pick<CacheOptions, "network"> | undefined;
}

export function* cacheNetwork({ modelGroups, cache }: UsersOfCache): Generator<ConfigProblem> {
  if (cache?.network !== "vpc") return;
  for (const { name, placement } of modelGroups) {
    if (placement.kind !== "managed-instances") continue;
    const message = `"vpc" is a network of its own, and group "${name}" runs on instances in another (placement.network), from where the cache is out of reach; "public-iam" is reached from everywhere`;
    yield { path: ["cache", "network"], message };
  }
}
