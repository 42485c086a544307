import type { FunctionStore } from "./functions.ts";
import type { ThreadFunction } from "./thread-door.ts";
import type { VersionPool } from "./version-pool.ts";

/**
 * Of the functions on managed instances, the one that most of the ARNs name, with what its threads have to know of each of those.
 * What is drawn or counted for every request (an alias with weights, reserved concurrency) is the platform's business.
 */
export function poolOfThreads(
  functions: FunctionStore,
  functionArns: readonly string[],
): { readonly pool: VersionPool; readonly functions: ReadonlyMap<string, ThreadFunction> } | undefined {
  const pools = new Map<VersionPool, Map<string, ThreadFunction>>();
  for (const functionArn of functionArns) {
    const target = functions.found(functionArn);
    if (target === undefined) continue;
    const { function: found, pool, qualifier } = target;
    const weights = qualifier === undefined ? undefined : found.aliases.get(qualifier)?.weights;
    const { managedInstances } = pool.version;
    if (managedInstances === undefined || found.reservedConcurrency !== undefined || weights?.size) continue;
    const known = pools.get(pool) ?? new Map<string, ThreadFunction>();
    pools.set(pool, known.set(functionArn, { policy: found.policy, ...(qualifier !== undefined && { qualifier }) }));
  }
  const [first] = [...pools].toSorted(([, some], [, others]) => others.size - some.size);
  return first && { pool: first[0], functions: first[1] };
}
