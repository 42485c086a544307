import type { ApiResource, RestApi } from "./rest-api.ts";

export interface RouteMatch {
  readonly resource: ApiResource;
  /** As the path has them, percent-encoding included; null without any. */
  readonly pathParameters: Readonly<Record<string, string>> | null;
}

interface RouteNode {
  readonly statics: Map<string, RouteNode>;
  parameter?: { readonly name: string; readonly node: RouteNode };
  greedy?: { readonly name: string; readonly resource: ApiResource };
  resource?: ApiResource;
}

/**
 * Finds the resource of a path: fixed text before `{name}` before `{name+}`, at every level. Which methods a resource has
 * plays no part: as in API Gateway, a path that has a resource of its own does not fall through to a greedy one.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-set-up-simple-proxy.html
 */
export class RouteTable {
  readonly #root: RouteNode = { statics: new Map() };

  constructor(api: Pick<RestApi, "resources">) {
    for (const resource of api.resources.values()) this.#add(resource);
  }

  /** `path` begins with a slash and has no query. */
  match(path: string): RouteMatch | undefined {
    const segments = path.split("/").slice(1);
    // REST APIs take `/pets/` for `/pets`.
    if (segments.at(-1) === "") segments.pop();
    return this.#find(this.#root, segments, 0, []);
  }

  #add(resource: ApiResource): void {
    let node = this.#root;
    for (const segment of resource.path.split("/").slice(1)) {
      if (segment === "") continue;
      const [, name, greedy] = /^\{(.+?)(\+?)\}$/.exec(segment) ?? [];
      if (name !== undefined && greedy === "+") {
        node.greedy = { name, resource };
        return;
      }
      if (name !== undefined) {
        if (node.parameter !== undefined && node.parameter.name !== name) {
          throw new Error(
            `${resource.path}: a sibling is called {${node.parameter.name}}; API Gateway takes one name per level.`,
          );
        }
        node.parameter ??= { name, node: { statics: new Map() } };
        node = node.parameter.node;
        continue;
      }
      let next = node.statics.get(segment);
      if (next === undefined) {
        next = { statics: new Map() };
        node.statics.set(segment, next);
      }
      node = next;
    }
    node.resource = resource;
  }

  #find(
    node: RouteNode,
    segments: readonly string[],
    at: number,
    taken: readonly [string, string][],
  ): RouteMatch | undefined {
    const segment = segments[at];
    if (segment === undefined) return node.resource && matched(node.resource, taken);
    const fixed = node.statics.get(decode(segment));
    const found = fixed && this.#find(fixed, segments, at + 1, taken);
    if (found !== undefined) return found;
    if (node.parameter !== undefined && segment !== "") {
      const { name, node: next } = node.parameter;
      const below = this.#find(next, segments, at + 1, [...taken, [name, segment]]);
      if (below !== undefined) return below;
    }
    const { greedy } = node;
    return greedy && matched(greedy.resource, [...taken, [greedy.name, segments.slice(at).join("/")]]);
  }
}

function matched(resource: ApiResource, taken: readonly [string, string][]): RouteMatch {
  return { resource, pathParameters: taken.length === 0 ? null : Object.fromEntries(taken) };
}

/** Percent-encoding; text that is not properly encoded stays as it is. */
export function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
