/** The environment variables of the governor, read once. A wrong one stops the deployment at its first start. */
import * as z from "zod/mini";

const amount = z.number().check(z.nonnegative());
const name = z.string().check(z.minLength(1));

const cacheSchema = z.strictObject({
  /** `dry-run`: says what it would do, and does nothing. */
  mode: z.enum(["dry-run", "apply"]),
  /** Name of the cache. */
  cache: name,
  /** Minutes from one decision to the next, as the schedule has it. */
  everyMinutes: z.number().check(z.positive()),
  bounds: z.strictObject({ maxGb: amount, maxUnitsPerSecond: amount, minUnitsPerSecond: amount, monthlyUsd: amount }),
  prices: z.strictObject({ usdPerGbHour: amount, usdPerMillionUnits: amount, leastGb: amount }),
});

export type GovernedCache = z.infer<typeof cacheSchema>;

export interface GovernorEnvironment {
  readonly cache: GovernedCache;
  /** What its own metrics stand under, as Powertools reads it too. */
  readonly metrics: { readonly namespace: string; readonly service: string };
}

/** Throws an Error that names what is missing or wrong. */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): GovernorEnvironment {
  const text = variables.FARTHING_GOVERNED_CACHE;
  const { POWERTOOLS_METRICS_NAMESPACE: namespace, POWERTOOLS_SERVICE_NAME: service } = variables;
  if (text === undefined || namespace === undefined || service === undefined) {
    const needed = ["FARTHING_GOVERNED_CACHE", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"];
    throw new Error(`The function's environment variables ${needed.join(", ")} are needed, and one is missing`);
  }
  const result = z.safeParse(cacheSchema, JSON.parse(text));
  if (result.success) return { cache: result.data, metrics: { namespace, service } };
  const names = result.error.issues.map(({ path, message }) => `${path.join(".")} (${message})`);
  throw new Error(`The function's environment variable FARTHING_GOVERNED_CACHE is not valid: ${names.join(", ")}`);
}
