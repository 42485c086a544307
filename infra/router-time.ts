/**
 * How long the router may run. A call for a model that sleeps is held until it is awake, if its caller waits so long: the function
 * and the gateway must, too. What nobody waits for is not billed; a held call is, like any other (docs/guides/add-a-large-model.md).
 */
import type { EndpointCard } from "../core/models/endpoint-card.ts";

/** The part of an environment's options that it follows from. */
export interface TimedEnvironment {
  readonly router: { readonly timeoutSeconds?: number | undefined };
  readonly endpoints: readonly { readonly models: readonly string[] }[];
}

export const ROUTER_TIME = {
  /** For an answer of what is awake. */
  answerSeconds: 75,
  /** Most wake-ups are done within the card's time; this much of it more, and nearly all are. */
  wakeFactor: 1.25,
  /** Lambda allows 900, and API Gateway must outlast the function. */
  longestSeconds: 890,
} as const;

/** `cards`: of the models on this environment's endpoints. What the configuration says, holds. */
export function routerTimeoutSeconds(
  { router, endpoints }: TimedEnvironment,
  cards: ReadonlyMap<string, Pick<EndpointCard, "wake">>,
): number {
  if (router.timeoutSeconds !== undefined) return router.timeoutSeconds;
  const held = endpoints.flatMap(({ models }) =>
    models.flatMap((model) => {
      const wake = cards.get(model)?.wake;
      return wake === undefined || wake.maxHeld === 0 ? [] : [wake.seconds];
    }),
  );
  const { answerSeconds, wakeFactor, longestSeconds } = ROUTER_TIME;
  return Math.min(longestSeconds, Math.ceil(wakeFactor * Math.max(0, ...held)) + answerSeconds);
}
