/** What the router is told of the endpoints, and may call: by names of our choosing, so that no stack imports from another. */
import type { EndpointCard } from "../core/models/endpoint-card.ts";
import { asyncEndpointName, asyncPrefix, componentName, endpointName } from "./constructs/gpu-endpoint/names.ts";
import type { EndpointOptions } from "./endpoint-options.ts";

export interface EndpointRoute {
  readonly model: string;
  readonly endpoint: string;
  readonly component: string;
  /** Undefined: no requests by way of S3. */
  readonly asynchronous?: { readonly endpoint: string; readonly prefix: string };
  /** Of the card: what the router decides by when the model sleeps. */
  readonly wakeSeconds: number;
  readonly maxHeld: number;
  readonly fallback: readonly string[];
  readonly contextTokens: number;
  /** Key of what lies in `asynchronous.prefix`: a permission, of which the router's code knows nothing. */
  readonly kmsKeyArn?: string;
}

export const endpointRoutes = (
  environment: string,
  endpoints: readonly EndpointOptions[],
  cards: ReadonlyMap<string, EndpointCard>,
): readonly EndpointRoute[] =>
  endpoints.flatMap(({ name, models, asynchronous, kmsKeyArn }) =>
    models.flatMap((model) => {
      const card = cards.get(model);
      if (card === undefined) return [];
      const { wake, fallback, serving } = card;
      return [
        {
          model,
          endpoint: endpointName(environment, name),
          component: componentName(environment, model),
          ...(asynchronous && {
            asynchronous: { endpoint: asyncEndpointName(environment, model), prefix: asyncPrefix(model) },
          }),
          wakeSeconds: wake.seconds,
          maxHeld: wake.maxHeld,
          fallback,
          contextTokens: serving.contextTokens,
          ...(kmsKeyArn !== undefined && { kmsKeyArn }),
        },
      ];
    }),
  );
