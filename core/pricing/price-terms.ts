/**
 * A card's price, read once into whole numbers: which quantities it charges for, at how many picodollars. One row of RATES
 * for each rate that a card may name. Rates finer than a picodollar for the named unit (a request, a thousand tokens, a
 * second, a megabyte) are rounded to one.
 */
import type { ModelCard } from "../models/card.ts";
import { picodollarsOf } from "./picodollars.ts";
import type { Quantities } from "./priced-usage.ts";

export { PICODOLLARS_PER_USD } from "./picodollars.ts";

export type CardPrice = ModelCard["price"];

/** Sums are made in millionths of a picodollar: fine enough for a token, a microsecond and a byte. */
export const PARTS_PER_PICODOLLAR = 1_000_000n;

type RateName = Exclude<keyof CardPrice, "costPlusMarkup" | "freeRequestsPerMonth" | "cacheHitShare">;
type Counted = Quantities & { readonly requests: number };

interface Rate {
  readonly name: RateName;
  /** In the smallest unit: requests, tokens, microseconds, bytes. A whole number. */
  readonly quantity: (counted: Counted) => number;
  /** Smallest units in one of what the ends of steps count. */
  readonly unitsPerStep: number;
  /** Smallest units in one of what the rate is for. */
  readonly unitsPerRate: number;
}

const cached = ({ cachedInputTokens = 0 }: Quantities): number => cachedInputTokens;

const RATES: readonly Rate[] = [
  { name: "usdPerRequest", quantity: ({ requests }) => requests, unitsPerStep: 1, unitsPerRate: 1 },
  { name: "usdPerThousandInputTokens", quantity: (q) => q.inputTokens, unitsPerStep: 1, unitsPerRate: 1_000 },
  { name: "usdPerThousandCachedInputTokens", quantity: cached, unitsPerStep: 1, unitsPerRate: 1_000 },
  { name: "usdPerThousandOutputTokens", quantity: (q) => q.outputTokens, unitsPerStep: 1, unitsPerRate: 1_000 },
  {
    name: "usdPerInferenceSecond",
    quantity: (q) => Math.round(q.inferenceMillis * 1_000),
    unitsPerStep: 1_000_000,
    unitsPerRate: 1_000_000,
  },
  {
    name: "usdPerRequestMegabyte",
    quantity: (q) => q.requestBytes,
    unitsPerStep: 1_000_000,
    unitsPerRate: 1_000_000,
  },
  {
    name: "usdPerResponseMegabyte",
    quantity: (q) => q.responseBytes,
    unitsPerStep: 1_000_000,
    unitsPerRate: 1_000_000,
  },
];

export interface Step {
  /** In the smallest unit; Infinity for the last step. */
  readonly end: number;
  /** Millionths of a picodollar for one smallest unit. */
  readonly partsPerUnit: bigint;
}

export interface Term {
  readonly name: RateName;
  readonly quantity: (counted: Counted) => number;
  /** In order, the last one without end. */
  readonly steps: readonly Step[];
}

export interface PriceTerms {
  readonly terms: readonly Term[];
  /** Undefined: the price does not follow the cost. */
  readonly markupMillionths: bigint | undefined;
  readonly freeRequests: number;
  readonly cacheHitMillionths: bigint;
  /** Whether the price of a request depends on what the tenant used before in the month. */
  readonly monthly: boolean;
}

const read = new WeakMap<CardPrice, PriceTerms>();

/** Cards do not change, and a version is asked for its price in every request: read once for each object. */
export function priceTerms(price: CardPrice): PriceTerms {
  let terms = read.get(price);
  if (terms === undefined) {
    terms = readTerms(price);
    read.set(price, terms);
  }
  return terms;
}

function readTerms(price: CardPrice): PriceTerms {
  const { costPlusMarkup, freeRequestsPerMonth = 0, cacheHitShare = 1 } = price;
  const terms = RATES.flatMap((rate) => termOf(rate, price));
  return {
    terms,
    markupMillionths: costPlusMarkup === undefined ? undefined : millionths(1 + costPlusMarkup),
    freeRequests: freeRequestsPerMonth,
    cacheHitMillionths: millionths(cacheHitShare),
    monthly: freeRequestsPerMonth > 0 || terms.some(({ steps }) => steps.length > 1),
  };
}

function termOf({ name, quantity, unitsPerStep, unitsPerRate }: Rate, price: CardPrice): readonly Term[] {
  const value = price[name];
  if (value === undefined) return [];
  const scale = PARTS_PER_PICODOLLAR / BigInt(unitsPerRate);
  const rows: readonly (readonly [number | null, number])[] = typeof value === "number" ? [[null, value]] : value;
  const steps = rows.map(([end, usd]) => ({
    end: end === null ? Number.POSITIVE_INFINITY : end * unitsPerStep,
    partsPerUnit: picodollarsOf(usd) * scale,
  }));
  // Cached tokens are part of all input tokens, and are charged once.
  const isSplit = name === "usdPerThousandInputTokens" && price.usdPerThousandCachedInputTokens !== undefined;
  return [{ name, steps, quantity: isSplit ? (counted) => counted.inputTokens - cached(counted) : quantity }];
}

const millionths = (share: number): bigint => BigInt(Math.round(share * 1_000_000));
