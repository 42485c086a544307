/**
 * The price of one request, with all that its card makes it depend on: looked up before any work is done, so that the
 * maximum that admission reserves and the price that is charged in the end come from the same facts.
 */
import { FarthingError } from "../errors.ts";
import type { DeployedFunction } from "./deployed-functions.ts";
import { maximumPrice, type RequestBounds } from "./maximum-price.ts";
import type { CardPrice } from "./price-terms.ts";
import type { MonthToDate, PricedUsage } from "./priced-usage.ts";
import { type CostRates, requestCostPicodollars } from "./request-cost.ts";
import { dependsOnCost, dependsOnMonth, requestPricePicodollars } from "./request-price.ts";

/** What a deployment knows beyond card and usage; each only needed by cards whose price depends on it. */
export interface PricingFacts {
  /** What the tenant used of the model in the calendar month (UTC) of the request, as far as it is known here. */
  monthToDate?(tenant: string, model: string): MonthToDate | Promise<MonthToDate>;
  readonly cost?: CostFacts;
}

export interface CostFacts {
  readonly rates: CostRates;
  /** The function that this is. */
  readonly self: DeployedFunction;
  /** Functions that requests are forwarded to, by their group. */
  readonly groups: Readonly<Record<string, DeployedFunction>>;
}

export interface PricedRequest {
  readonly price: CardPrice;
  readonly tenant: string;
  readonly model: string;
  /** Group that the request is forwarded to; undefined: it is answered here, or by no function. */
  readonly group?: string;
}

export interface RequestPricer {
  /** Picodollars; no price of this pricer is above it for usage within the bounds. */
  maximum(bounds: Omit<RequestBounds, "maxCostPicodollars" | "monthToDate">): bigint;
  /** Picodollars. `millisSoFar`: since the request began; asked only when the price depends on the cost. */
  price(usage: Omit<PricedUsage, "costPicodollars">, millisSoFar: () => number): bigint;
}

/** One usage line with its metrics, rounded up: the price is known before the line is. */
const LOG_BYTES = 1_000;

/** A Promise only when the month is looked up. Throws `model_not_ready` when the deployment lacks what the price depends on. */
export function requestPricer(facts: PricingFacts, request: PricedRequest): RequestPricer | Promise<RequestPricer> {
  const costOf = dependsOnCost(request.price) ? requestCosts(facts.cost, request) : undefined;
  if (!dependsOnMonth(request.price)) return pricerOf(request.price, undefined, costOf);
  if (facts.monthToDate === undefined) throw unknown(request.model, "what its tenant used in the month");
  const month = facts.monthToDate(request.tenant, request.model);
  return month instanceof Promise
    ? month.then((known) => pricerOf(request.price, known, costOf))
    : pricerOf(request.price, month, costOf);
}

type CostOf = (used: {
  readonly millis: number;
  readonly inferenceMillis: number;
  readonly responseBytes: number;
}) => bigint;

function pricerOf(price: CardPrice, monthToDate: MonthToDate | undefined, costOf: CostOf | undefined): RequestPricer {
  return {
    maximum(bounds) {
      const { maxInferenceMillis: millis, maxResponseBytes: responseBytes } = bounds;
      return maximumPrice(price, {
        ...bounds,
        ...(monthToDate && { monthToDate }),
        ...(costOf && { maxCostPicodollars: costOf({ millis, inferenceMillis: millis, responseBytes }) }),
      });
    },
    price(usage, millisSoFar) {
      if (costOf === undefined) return requestPricePicodollars(price, usage, monthToDate);
      const { inferenceMillis, responseBytes } = usage;
      const costPicodollars = costOf({ millis: millisSoFar(), inferenceMillis, responseBytes });
      return requestPricePicodollars(price, { ...usage, costPicodollars }, monthToDate);
    },
  };
}

function requestCosts(facts: CostFacts | undefined, { model, group }: PricedRequest): CostOf {
  const holder = group === undefined ? undefined : facts?.groups[group];
  if (facts === undefined || (group !== undefined && holder === undefined))
    throw unknown(model, "the cost of a request");
  return ({ millis, inferenceMillis, responseBytes }) =>
    requestCostPicodollars(facts.rates, {
      invocations: [
        { ...facts.self, durationMillis: millis },
        ...(holder === undefined ? [] : [{ ...holder, durationMillis: inferenceMillis }]),
      ],
      ...{ responseBytes, logBytes: LOG_BYTES, dynamoDbReadUnits: 0, dynamoDbWriteUnits: 0, cacheUnits: 0 },
    });
}

const unknown = (model: string, what: string): FarthingError =>
  new FarthingError(
    "model_not_ready",
    `The price of model "${model}" depends on ${what}, which this deployment does not know: nothing is served that cannot be charged.`,
  );
