/** A card of any kind; `placement.kind` says which. */
import { type ModelCard, parseModelCard } from "./card.ts";
import { type EndpointCard, endpointCardSchema } from "./endpoint-card.ts";
import { type HttpCard, httpCardSchema } from "./http-card.ts";

export type AnyCard = ModelCard | EndpointCard | HttpCard;

/** Of a model behind an engine that is no part of ours: there is nothing to inspect, and no file to upload. */
export type EngineCard = EndpointCard | HttpCard;

export const isEndpointCard = (card: AnyCard): card is EndpointCard => card.placement.kind === "endpoint";
export const isEngineCard = (card: AnyCard): card is EngineCard => card.placement.kind !== "function";

/** Throws an Error that names every wrong field, what was received and what is allowed. */
export function parseAnyCard(value: unknown, source: string): AnyCard {
  switch (placementKind(value)) {
    case "endpoint":
      return parseEndpointCard(value, source);
    case "http":
      return parseHttpCard(value, source);
    default:
      return parseModelCard(value, source);
  }
}

export function parseEndpointCard(value: unknown, source: string): EndpointCard {
  const result = endpointCardSchema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(`${source} is not a valid card of an endpoint's model`, result.error.issues);
}

export function parseHttpCard(value: unknown, source: string): HttpCard {
  const result = httpCardSchema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(`${source} is not a valid card of an upstream's model`, result.error.issues);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const invalid = (what: string, issues: readonly Issue[]): Error =>
  new Error(
    [`${what}:`, ...issues.map(({ path, message }) => `  ${path.join(".") || "(card)"}: ${message}`)].join("\n"),
  );

function placementKind(value: unknown): unknown {
  const placement = (value as { readonly placement?: unknown } | null | undefined)?.placement;
  return (placement as { readonly kind?: unknown } | null | undefined)?.kind;
}
