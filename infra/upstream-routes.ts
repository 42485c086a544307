/** What the router is told of upstreams, and may read: by names of our choosing, so that no stack imports from another. */
import { upstreamSecretName } from "../core/serving/upstream-secret.ts";
import type { UpstreamOptions } from "./upstream-options.ts";

export interface UpstreamRoute {
  readonly name: string;
  readonly url: string;
  readonly dialect: "vllm" | "openai";
  /** Our name → the server's. */
  readonly models: Readonly<Record<string, string>>;
  readonly onPremises: boolean;
  readonly hasCopies: boolean;
  readonly healthPath: string;
  readonly maxConcurrent?: number;
  /** Name of the secret in Secrets Manager. Undefined: the server wants none. */
  readonly secret?: string;
}

export const upstreamRoutes = (environment: string, upstreams: readonly UpstreamOptions[]): readonly UpstreamRoute[] =>
  upstreams.map(({ secret, maxConcurrent, ...upstream }) => ({
    ...upstream,
    ...(maxConcurrent !== undefined && { maxConcurrent }),
    ...(secret && { secret: upstreamSecretName(environment, upstream.name) }),
  }));
