/**
 * The plan of one environment, `plans/<env>.json`: what was decided about sizes and scaling, as the CDK app reads it. Whatever
 * it does not say is computed from the price book (plan-from-prices.ts). Strict: an unknown key is a typo.
 */
import * as z from "zod";
import { MODEL_NAME_PATTERN } from "../models/card-fields.ts";
import { MAX_INSTANCE_POOLS } from "./choose-instances.ts";

const instanceType = z.string().regex(/^ml\.[a-z0-9]+\.[a-z0-9]+$/, "an instance type, such as ml.g6.xlarge");

/**
 * A time at which bounds change. https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
 */
const schedule = z.strictObject({
  /** `cron(minutes hours day-of-month month day-of-week year)`, or `at(…)`. */
  at: z.string().regex(/^(?:cron|rate|at)\(.+\)$/, "such as cron(0 8 ? * MON-FRI *)"),
  /** Of the cron expression, such as Europe/Berlin. Default UTC. */
  timeZone: z.string().min(1).optional(),
  /** From then on. */
  min: z.int().min(0),
  max: z.int().min(0),
});

const provisionedSchema = z
  .strictObject({
    /** Environments that are always kept; 0: none, all on demand. */
    min: z.int().min(0).max(100_000),
    /** Up to which target tracking may go; the same as `min`: it stays as it is. */
    max: z.int().min(0).max(100_000),
    /** Share of the provisioned environments in use that is steered to, 0.1 to 0.9. Default: from the price book. */
    targetUse: z.number().min(0.1).max(0.9).optional(),
    schedules: z.array(schedule).max(50).default([]),
  })
  .refine(({ min, max }) => min <= max, { error: "max is below min", path: ["max"] });

const functionPlan = z.strictObject({
  /** 128 to 10240. Default: of farthing.config.ts. */
  memoryMb: z.int().min(128).max(10_240).optional(),
  /** Default: of farthing.config.ts. */
  reservedConcurrency: z.int().min(0).max(100_000).optional(),
  provisionedConcurrency: provisionedSchema.optional(),
});

const copiesSchema = z
  .strictObject({
    /** 0: the model sleeps when nobody asks. */
    min: z.int().min(0).max(1000),
    max: z.int().min(1).max(1000),
    /** Requests that one copy holds before another is started, 1 or more. Default: 70 % of the card's concurrency. */
    targetConcurrency: z.number().min(1).optional(),
    /** Seconds without a request before the last copy goes. Default: rent or buy. */
    idleTimeOutSeconds: z.int().min(60).max(86_400).optional(),
    schedules: z.array(schedule).max(50).default([]),
  })
  .refine(({ min, max }) => min <= max, { error: "max is below min", path: ["max"] });

const endpointPlan = z.strictObject({
  /** First choice first. Default: by memory fit and price per token. */
  instanceTypes: z.array(instanceType).min(1).max(MAX_INSTANCE_POOLS).optional(),
  /** Most instances at once. Default: as many as the copies of all models need. */
  maxInstances: z.int().min(1).max(1000).optional(),
  /** Model → copies. */
  models: z.record(z.string().regex(MODEL_NAME_PATTERN), copiesSchema).default({}),
});

const name = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);

export const planSchema = z.strictObject({
  schema: z.literal("farthing.plan/1"),
  environment: z.enum(["dev", "staging", "prod", "local", "onprem"]),
  /** Who or what decided, and when: for the reader. */
  note: z.string().max(2000).optional(),
  /** `router` or a model group → its function. */
  functions: z.record(name, functionPlan).default({}),
  /** Endpoint of farthing.config.ts → its instances and copies. */
  endpoints: z.record(name, endpointPlan).default({}),
  /** Of the shared cache. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html */
  cache: z
    .strictObject({
      /** Most that is stored, GB. */
      maxGb: z.int().min(1).max(5000).optional(),
      /** Most processing units a second, 1000 or more. */
      maxUnitsPerSecond: z.int().min(1000).max(15_000_000).optional(),
      /** Units a second that are kept ready, and billed. Default: none. */
      minUnitsPerSecond: z.int().min(1000).max(15_000_000).optional(),
    })
    .optional(),
});

export type Plan = z.infer<typeof planSchema>;
export type PlanInput = z.input<typeof planSchema>;
export type FunctionPlan = z.infer<typeof functionPlan>;
export type EndpointPlan = z.infer<typeof endpointPlan>;
export type PlannedProvisioning = z.infer<typeof provisionedSchema>;
export type PlanSchedule = z.infer<typeof schedule>;

/** Everything by the rules. */
export const noPlan = (environment: Plan["environment"]): Plan => ({
  schema: "farthing.plan/1",
  environment,
  functions: {},
  endpoints: {},
});

/** Throws an Error that names every wrong field. */
export function parsePlan(value: unknown, source: string): Plan {
  const result = planSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new Error(`${source} is not a valid plan:\n${z.prettifyError(result.error)}`);
}
