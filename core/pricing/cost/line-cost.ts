/**
 * What one request costs by itself, at list prices, as its usage line tells: gateway, Lambda, log, egress, and the time that it
 * worked on an endpoint's instance. First price tiers; without what requests share (idle time of instances, the cache, tables,
 * buckets, alarms), which hourly-cost.ts attributes. So it is known as soon as the line is, and is the same whenever it is computed.
 */
import * as z from "zod/mini";
import type { UsageLine } from "../../metering/usage-line.ts";
import { type CostRates, requestCostPicodollars } from "../request-cost.ts";

const usd = z.number().check(z.gte(0));
const text = z.string().check(z.minLength(1));

export const lineCostFactsSchema = z.strictObject({
  rates: z.strictObject({
    priceBook: text,
    gbSecond: z.strictObject({ x86_64: usd, arm64: usd }),
    millionInvocations: usd,
    millionGatewayRequests: usd,
    gatewayPieceMegabytes: z.number().check(z.gt(0)),
    streamedGb: usd,
    egressGb: usd,
    logGb: usd,
    millionReadUnits: usd,
    millionWriteUnits: usd,
    millionCacheUnits: usd,
  }),
  /** By deployment; memory 0 where it is paid by the hour. */
  functions: z.record(text, z.strictObject({ memoryMegabytes: usd, architecture: z.enum(["x86_64", "arm64"]) })),
  /** Deployment that holds a model which the router forwards to. */
  holders: z.record(text, text),
  /** Where there is one group only, it holds every other model. */
  onlyGroup: z.optional(text),
  /** Model → USD per hour of the instance type that its endpoint asks for first. */
  endpointHours: z.record(text, usd),
});

export interface LineCostFacts {
  readonly rates: CostRates;
  readonly functions: Readonly<
    Record<string, { readonly memoryMegabytes: number; readonly architecture: "x86_64" | "arm64" }>
  >;
  readonly holders: Readonly<Record<string, string>>;
  readonly onlyGroup?: string | undefined;
  readonly endpointHours: Readonly<Record<string, number>>;
}

/** Environment variable of the reconciler: infra writes it, the reconciler and `farthing tenant reconcile` read it. */
export const LINE_COSTS_VARIABLE = "FARTHING_LINE_COSTS";

/** Throws an Error that names what is wrong. */
export function parseLineCostFacts(json: string): LineCostFacts {
  return lineCostFactsSchema.parse(JSON.parse(json)) as LineCostFacts;
}

const UNKNOWN = { memoryMegabytes: 0, architecture: "x86_64" } as const;

export function lineCostPicodollars(facts: LineCostFacts, line: UsageLine): bigint {
  const {
    deployment,
    model,
    answeredBy = model,
    target,
    inferenceMillis,
    durationMillis,
    initMillis,
    responseBytes,
  } = line;
  const functionOf = (name: string | undefined) => (name === undefined ? UNKNOWN : (facts.functions[name] ?? UNKNOWN));
  const usdPerHour = target === "endpoint" ? facts.endpointHours[answeredBy] : undefined;
  return requestCostPicodollars(facts.rates, {
    invocations: [
      { ...functionOf(deployment), durationMillis, ...(initMillis !== undefined && { initMillis }) },
      ...(target === "remote-function"
        ? [{ ...functionOf(facts.holders[answeredBy] ?? facts.onlyGroup), durationMillis: inferenceMillis }]
        : []),
    ],
    ...{ responseBytes, logBytes: JSON.stringify(line).length },
    ...{ dynamoDbReadUnits: 0, dynamoDbWriteUnits: 0, cacheUnits: 0 },
    ...(usdPerHour !== undefined && { endpoint: { usdPerHour, millis: inferenceMillis } }),
  });
}
