/**
 * What an environment's sizes and scaling follow from, besides its options: the plan, the price book, and the cards of the
 * models on its endpoints. Read from the repository; farthingApp itself reads nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isEndpointCard, parseAnyCard } from "../core/models/any-card.ts";
import type { EndpointCard } from "../core/models/endpoint-card.ts";
import { noPlan, type Plan, parsePlan } from "../core/planner/plan.ts";
import type { PriceBook } from "../core/pricing/price-book.ts";
import type { EnvironmentConfig, EnvironmentName } from "./config.ts";

export interface Decisions {
  readonly plan: Plan;
  readonly priceBook: PriceBook;
  /** Of every model on an endpoint, by its name. */
  readonly cards: ReadonlyMap<string, EndpointCard>;
}

/** Throws an Error in words when a card or a plan is not valid, or not for this environment. */
export function readDecisions(
  root: string,
  environment: EnvironmentName,
  config: EnvironmentConfig,
  priceBook: PriceBook,
): Decisions {
  const cards = config.endpoints.flatMap(({ name, models }) =>
    models.map((model) => [model, endpointCard(root, name, model)] as const),
  );
  const plan = readPlan(root, environment);
  const unknown = [
    ...Object.keys(plan.functions).filter((name) => !functionNames(config).has(name)),
    ...Object.keys(plan.endpoints).filter((name) => !config.endpoints.some((endpoint) => endpoint.name === name)),
  ];
  if (plan.cache !== undefined && config.cache === undefined) unknown.push("cache");
  if (unknown.length > 0)
    throw new Error(`plans/${environment}.json plans what ${environment} lacks: ${unknown.join(", ")}`);
  return { plan, priceBook, cards: new Map(cards) };
}

/** `plans/<env>.json`; without one, everything by the rules. */
function readPlan(root: string, environment: EnvironmentName): Plan {
  const path = join(root, "plans", `${environment}.json`);
  if (!existsSync(path)) return noPlan(environment);
  const plan = parsePlan(readJson(path), path);
  if (plan.environment !== environment) throw new Error(`${path} is the plan of ${plan.environment}`);
  return plan;
}

function endpointCard(root: string, endpoint: string, model: string): EndpointCard {
  const path = join(root, "models", model, "model.json");
  if (!existsSync(path)) throw new Error(`the endpoint "${endpoint}" is to hold "${model}", and ${path} is not there`);
  const card = parseAnyCard(readJson(path), path);
  if (!isEndpointCard(card)) {
    throw new Error(`the endpoint "${endpoint}" is to hold "${model}", whose card says placement.kind "function"`);
  }
  if (card.name !== model) throw new Error(`${path} is the card of "${card.name}"`);
  if (card.placement.group === endpoint) return card;
  const { group } = card.placement;
  throw new Error(`${path} says placement.group "${group}", and farthing.config.ts puts it on "${endpoint}"`);
}

const functionNames = ({ router, modelGroups }: EnvironmentConfig): ReadonlySet<string> =>
  new Set(["router", ...modelGroups.map(({ name }) => name).filter((name) => name !== router.holds)]);

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path} is not JSON: ${(error as Error).message}`);
  }
}
