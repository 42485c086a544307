/** What upstreams must be beside the rest of their environment. */
import type { ConfigProblem } from "./config-problem.ts";
import { isLoopbackHost, type UpstreamOptions } from "./upstream-options.ts";

export interface PlacesOfModels {
  readonly modelGroups: readonly { readonly name: string }[];
  readonly endpoints: readonly { readonly name: string }[];
  readonly upstreams: readonly Pick<UpstreamOptions, "name" | "url">[];
}

/** The registry knows where a model is by one name, of a group, an endpoint or an upstream. */
export function* upstreamNames({ modelGroups, endpoints, upstreams }: PlacesOfModels): Generator<ConfigProblem> {
  const names = new Set(["router", ...[...modelGroups, ...endpoints].map(({ name }) => name)]);
  for (const [index, { name }] of upstreams.entries()) {
    if (names.has(name)) {
      const message = `"${name}" is taken by a model group, an endpoint or another upstream; names are unique over all`;
      yield { path: ["upstreams", index, "name"], message };
    }
    names.add(name);
  }
}

/** A function in an account has no server beside it. */
export function* reachableUpstreams({ upstreams }: Pick<PlacesOfModels, "upstreams">): Generator<ConfigProblem> {
  for (const [index, { url }] of upstreams.entries()) {
    const hostname = URL.parse(url)?.hostname ?? "";
    if (!isLoopbackHost(hostname)) continue;
    const message = `${hostname} is the function itself once it is deployed; name the server's address`;
    yield { path: ["upstreams", index, "url"], message };
  }
}
