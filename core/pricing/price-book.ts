/**
 * What AWS charges, as data: one file per region in price-books/, each group with its source. Not what a tenant is
 * charged (request-price.ts). A deployment in another region, or with a negotiated price, brings its own book of the same
 * schema in farthing.config.ts; strict, because a price under a misspelt name would silently be the old one.
 */
import * as z from "zod";
import usEast1Data from "./price-books/us-east-1.json" with { type: "json" };

const usd = z.number().min(0);
/** Instance or node type → USD per hour. */
const hourly = sourced({}).catchall(usd);

/**
 * Marginal prices: each pair says up to which monthly quantity (null: no end) one unit costs how much. The price of a
 * tier applies to the part of the quantity that lies in it, not to the whole.
 */
const tiers = z
  .array(z.tuple([z.number().positive().nullable(), usd]).readonly())
  .min(1)
  .refine((rows) => rows.every(([end], row) => (end === null) === (row === rows.length - 1)), {
    error: "only the last tier, and it, ends at null",
  })
  .refine((rows) => rows.every(([end], row) => row === 0 || end === null || end > (rows[row - 1]?.[0] ?? 0)), {
    error: "tiers must ascend",
  })
  .readonly();

const perArchitecture = z.strictObject({ x86_64: usd, arm64: usd });

export const priceBookSchema = z.strictObject({
  schema: z.literal("farthing.price-book/1"),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region, such as eu-central-1"),
  currency: z.literal("USD"),
  /** ISO date on which the figures were put together. */
  compiled: z.iso.date(),
  lambda: sourced({
    requestPerM: usd,
    /** Tiers over GB-seconds a month, each architecture for itself. */
    gbSecond: z.strictObject({ x86_64: tiers, arm64: tiers }),
    provisionedGbSecond: perArchitecture,
    provisionedDurationGbSecond: perArchitecture,
    ephemeralGbSecondOver512MB: usd,
    streamedGbOver6MBPerRequest: usd,
    snapStartCacheGbSecond: usd,
    snapStartRestorePerGb: usd,
    initBilled: z.boolean(),
    freeTier: z.strictObject({ requests: z.number().min(0), gbSeconds: z.number().min(0) }),
  }),
  lambdaManagedInstances: sourced({
    feeFractionOfEc2OnDemand: z.number().min(0),
    requestPerM: usd,
    minEnvironmentsDefault: z.int().min(1),
  }),
  /** Linux, on demand: what managed instances are billed by. */
  ec2Hour: hourly,
  durable: sourced({ operationsPerM: usd }),
  microvm: sourced({ vcpuSecond: usd, gibSecond: usd }),
  apiGateway: sourced({
    /** Tiers over requests a month; USD per million. */
    restPerM: tiers,
    httpPerM: tiers,
    httpMeterKB: z.number().positive(),
    /** A streamed answer counts as one request per started piece of this size. */
    restStreamMeterMB: z.number().positive(),
    /** Cache size in GB → USD per hour. */
    restCacheHour: z.record(z.string(), usd),
  }),
  waf: sourced({ webAclMonth: usd, ruleMonth: usd, requestPerM: usd }),
  sagemakerHour: hourly,
  sagemakerServerless: sourced({ gbSecond: usd, dataPerGb: usd }),
  elasticacheServerlessValkey: sourced({ gbHour: usd, perMEcpu: usd, minGb: z.number().min(0) }),
  elasticacheValkeyNodeHour: hourly,
  dynamodb: sourced({ rruPerM: usd, wruPerM: usd, gbMonth: usd, pitrGbMonth: usd }),
  s3: sourced({ gbMonth: usd, putPer1k: usd, getPer1k: usd }),
  network: sourced({
    natHour: usd,
    natGb: usd,
    interfaceEndpointHourPerAz: usd,
    interfaceEndpointGb: usd,
    publicIpv4Hour: usd,
    egressGb: usd,
    crossAzGbEachWay: usd,
  }),
  cloudwatch: sourced({
    logIngestGb: usd,
    logStoreGbMonth: usd,
    customMetricMonth: usd,
    alarmMonth: usd,
    highResAlarmMonth: usd,
    dashboardMonth: usd,
  }),
  xray: sourced({ tracesRecordedPerM: usd, tracesRetrievedPerM: usd }),
  stepFunctions: sourced({ standardPer1kTransitions: usd, expressPerM: usd, expressGbSecond: usd }),
  kms: sourced({ keyMonth: usd, per10k: usd }),
  secretsManager: sourced({ secretMonth: usd, per10k: usd }),
});

export type PriceBook = z.infer<typeof priceBookSchema>;
export type PriceTiers = z.infer<typeof tiers>;

/** A month as AWS bills hourly prices: 365 × 24 ÷ 12. */
export const HOURS_PER_MONTH = 730;
export const MILLION = 1_000_000;

/** Throws an Error that names every wrong field. */
export function parsePriceBook(value: unknown, source: string): PriceBook {
  const result = priceBookSchema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`${source} is not a valid price book:\n${z.prettifyError(result.error)}`);
}

export const usEast1: PriceBook = parsePriceBook(usEast1Data, "core/pricing/price-books/us-east-1.json");

/** USD for `quantity` units in one month, each part of it at its own tier's price. */
export function tieredCost(priceTiers: PriceTiers, quantity: number): number {
  if (!(quantity >= 0)) throw new RangeError(`a quantity must be 0 or more; received ${quantity}`);
  let cost = 0;
  let start = 0;
  for (const [end, unitPrice] of priceTiers) {
    const inTier = Math.max(0, Math.min(quantity, end ?? Number.POSITIVE_INFINITY) - start);
    cost += inTier * unitPrice;
    if (end === null || quantity <= end) break;
    start = end;
  }
  return cost;
}

/** A group of prices with where they come from, and when they were last confirmed if later than the book's own date. */
function sourced<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ src: z.string().min(1), asOf: z.iso.date().optional(), ...shape });
}
