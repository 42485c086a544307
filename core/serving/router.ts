/** Path → route: a tree of segments, built once from the table of protocols. */
import type { Protocol, Route } from "../protocols/protocol.ts";

export type RouteMatch =
  | {
      readonly type: "route";
      readonly protocol: Protocol;
      readonly route: Route;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly type: "wrong-method"; readonly protocol: Protocol; readonly allowed: readonly string[] }
  | { readonly type: "unknown"; readonly protocol: Protocol };

export interface Router {
  /** `path`: raw, without query. HEAD matches what GET matches. A trailing slash makes no difference. */
  match(method: string, path: string): RouteMatch;
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter?: { readonly node: Node };
  /** Method → route; all of one path belong to one protocol. */
  readonly routes: Map<string, { readonly route: Route; readonly parameterNames: readonly string[] }>;
  protocol?: Protocol;
}

/** A path that belongs to no protocol (`/favicon.ico`) gets the error form of the first one. */
export function createRouter(protocols: readonly Protocol[]): Router {
  const [fallback] = protocols;
  if (fallback === undefined) throw new RangeError("a router needs at least one protocol");
  const root = newNode();
  /** Paths without parameters, which win over all others. */
  const literals = new Map<string, Node>();
  for (const protocol of protocols) {
    for (const route of protocol.routes) {
      const node = insert(root, protocol, route);
      if (!route.path.includes("{")) literals.set(route.path, node);
    }
  }

  const protocolOf = (path: string): Protocol =>
    protocols.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`)) ?? fallback;

  return {
    match(method, path) {
      const values: string[] = [];
      const literal = literals.get(path);
      const segments = literal === undefined ? segmentsOf(path) : undefined;
      const node = literal ?? (segments && find(root, segments, 0, values));
      if (node?.protocol === undefined) return { type: "unknown", protocol: protocolOf(path) };
      const found = node.routes.get(method === "HEAD" ? "GET" : method);
      if (found === undefined) return { type: "wrong-method", protocol: node.protocol, allowed: allowedMethods(node) };
      const parameters: Record<string, string> = {};
      for (let i = 0; i < values.length; i++) parameters[found.parameterNames[i] as string] = values[i] as string;
      return { type: "route", protocol: node.protocol, route: found.route, parameters };
    },
  };
}

const newNode = (): Node => ({ literals: new Map(), routes: new Map() });

const PARAMETER = /^\{([a-z_]+)\}$/i;

function insert(root: Node, protocol: Protocol, route: Route): Node {
  const parameterNames: string[] = [];
  let node = root;
  for (const segment of route.path.split("/").slice(1)) {
    const name = PARAMETER.exec(segment)?.[1];
    if (name === undefined) {
      const next = node.literals.get(segment) ?? newNode();
      node.literals.set(segment, next);
      node = next;
    } else {
      parameterNames.push(name);
      node.parameter ??= { node: newNode() };
      node = node.parameter.node;
    }
  }
  if (node.routes.has(route.method)) throw new Error(`two routes answer ${route.method} ${route.path}`);
  node.routes.set(route.method, { route, parameterNames });
  node.protocol = protocol;
  return node;
}

/** Decoded segments; undefined when an escape is broken or a segment is empty. */
function segmentsOf(path: string): readonly string[] | undefined {
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(1, -1) : path.slice(1);
  const segments = trimmed.split("/");
  if (segments.includes("")) return undefined;
  if (!trimmed.includes("%")) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** Literals win over parameters; a literal that leads nowhere falls back to the parameter. */
function find(node: Node, segments: readonly string[], at: number, values: string[]): Node | undefined {
  if (at === segments.length) return node.routes.size > 0 ? node : undefined;
  const segment = segments[at] as string;
  const literal = node.literals.get(segment);
  const viaLiteral = literal && find(literal, segments, at + 1, values);
  if (viaLiteral !== undefined || node.parameter === undefined) return viaLiteral;
  values.push(segment);
  const viaParameter = find(node.parameter.node, segments, at + 1, values);
  if (viaParameter === undefined) values.pop();
  return viaParameter;
}

function allowedMethods(node: Node): readonly string[] {
  const methods = [...node.routes.keys()];
  if (methods.includes("GET")) methods.push("HEAD");
  return [...methods, "OPTIONS"];
}
