/**
 * What a person may decide about a deployment: the schema of farthing.config.ts. Strict: an unknown key is a typo.
 * Defaults stand in one table below; the fields say meaning, range and unit.
 */
import * as z from "zod";
import { MODEL_NAME_PATTERN } from "../core/models/card.ts";
import { priceBookSchema, usEast1 } from "../core/pricing/price-book.ts";
import { cacheSchema } from "./cache-options.ts";
import { deploymentProblems } from "./config-rules.ts";
import { type EndpointOptions, endpointSchema } from "./endpoint-options.ts";
import { placementSchema } from "./placement.ts";
import { type UpstreamOptions, upstreamSchema } from "./upstream-options.ts";
import { reachableUpstreams } from "./upstream-rules.ts";
import { type WebhookReceiver, webhookReceiverSchema } from "./webhook-options.ts";

export const ENVIRONMENTS = ["dev", "staging", "prod", "local", "onprem"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** These run on one machine (`farthing up`) and are never deployed to an account. */
export const ON_ONE_MACHINE: ReadonlySet<EnvironmentName> = new Set(["local", "onprem"]);

/** Everything that has a default, per environment and per function. */
export const DEFAULTS = {
  removal: "retain",
  protectData: true,
  versionedModels: false,
  bucketMetrics: false,
  logs: { retentionDays: 30, platformLevel: "WARN" },
  waf: false,
  throttle: { requestsPerSecond: 500, burst: 1000 },
  alarms: false,
  tracing: true,
  accountLogRole: true,
  endpoints: [] as EndpointOptions[],
  upstreams: [] as UpstreamOptions[],
  webhookReceivers: [] as WebhookReceiver[],
  tags: {},
  router: { memoryMb: 512, architecture: "arm64" },
  modelGroup: { memoryMb: 1769, architecture: "x86_64", timeoutSeconds: 60, placement: { kind: "on-demand" } },
} as const;

/** Retentions that CloudWatch Logs takes, in days: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557] as const;

/**
 * `host`: the architecture and system of the machine that synthesises. Only where that machine also runs the functions
 * (local, onprem), so that an Arm or macOS machine loads its own build of ONNX Runtime.
 */
const architecture = z.enum(["x86_64", "arm64", "host"]);
const groupName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, "lower-case letters, digits and '-', at most 31, a letter first");
const modelName = z.string().regex(MODEL_NAME_PATTERN, "a model's name: lower-case letters, digits, '.', '_' and '-'");

const functionOptions = {
  /** Memory in MB, 128 to 10240. CPU grows with it: one vCPU at 1769. */
  memoryMb: z.int().min(128).max(10_240),
  architecture,
  /** Longest run of one invocation in seconds, 1 to 890 (Lambda allows 900; the gateway must outlast the function). */
  timeoutSeconds: z.int().min(1).max(890),
  /** Most execution environments at once, taken from the account's pool. Default: no reservation, no limit of its own. */
  reservedConcurrency: z.int().min(0).max(100_000).optional(),
  /**
   * Requests a second on average and how long each is billed, milliseconds: as many environments are provisioned as are in use
   * for long enough to be cheaper so. Default: nobody knows, and all run on demand.
   */
  expectedTraffic: z
    .strictObject({ requestsPerSecond: z.number().min(0).max(100_000), millisPerRequest: z.number().positive() })
    .optional(),
};

const routerSchema = z.strictObject({
  ...functionOptions,
  memoryMb: functionOptions.memoryMb.default(DEFAULTS.router.memoryMb),
  architecture: architecture.default(DEFAULTS.router.architecture),
  /** Default: 75, and where models sleep, their longest wake-up too, so that a call can be held for it: infra/router-time.ts. */
  timeoutSeconds: functionOptions.timeoutSeconds.optional(),
  /** Name of one model group that the router itself holds, which saves the second bill per request. Default: none. */
  holds: groupName.optional(),
});

const modelGroupSchema = z.strictObject({
  name: groupName,
  ...functionOptions,
  memoryMb: functionOptions.memoryMb.default(DEFAULTS.modelGroup.memoryMb),
  architecture: architecture.default(DEFAULTS.modelGroup.architecture),
  timeoutSeconds: functionOptions.timeoutSeconds.default(DEFAULTS.modelGroup.timeoutSeconds),
  /**
   * On demand, one request to an environment; or on EC2 instances that Lambda manages, many requests to one. A group that the
   * router holds takes the router with it.
   */
  placement: placementSchema.default(DEFAULTS.modelGroup.placement),
  /** Models that get a route of their own to this group: one hop less. Others are reached through the router. Default: none. */
  models: z.array(modelName).default([]),
  /** Models of this group that are loaded while the function starts, before its first request. Default: none. */
  preload: z.array(modelName).default([]),
});

const wafSchema = z.strictObject({
  /** Requests of one address in five minutes, from which it is blocked; 10 or more. */
  requestsPerFiveMinutes: z.int().min(10).max(2_000_000_000),
});

const domainSchema = z.strictObject({
  /** Host name of the API, such as api.example.com. */
  domainName: z
    .string()
    .regex(/^(?=.{4,253}$)([a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, "a host name in lower case"),
  /** Certificate for it in the deployment's own region (the endpoint is regional). */
  certificateArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/, "the ARN of an ACM certificate"),
});

const alarmsSchema = z.strictObject({
  /** SNS topic that is told. Default: none; the alarms still show in CloudWatch. */
  topicArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/, "the ARN of an SNS topic")
    .optional(),
});

export const environmentSchema = z
  .strictObject({
    /** 12 digits. Default: the account of the credentials at deployment; synthesis then needs none. */
    account: z
      .string()
      .regex(/^\d{12}$/, "12 digits, as a string")
      .optional(),
    /** Default: the region of the credentials at deployment. */
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region, such as eu-central-1")
      .optional(),
    /** What becomes of tables, bucket and logs when the stack is deleted. A bucket with files in it is never deleted. */
    removal: z.enum(["destroy", "retain"]).default(DEFAULTS.removal),
    /** Point-in-time recovery and deletion protection of the tables. Costs by the stored GB. */
    protectData: z.boolean().default(DEFAULTS.protectData),
    /** Keep overwritten and deleted model files for 30 days. */
    versionedModels: z.boolean().default(DEFAULTS.versionedModels),
    /**
     * Count the requests to the buckets, for `farthing bill`. Each bucket's are 16 metrics, billed like custom ones for the hours in which
     * anybody asks: up to 4.80 USD a month.
     */
    bucketMetrics: z.boolean().default(DEFAULTS.bucketMetrics),
    logs: z
      .strictObject({
        retentionDays: z.literal(RETENTION_DAYS).default(DEFAULTS.logs.retentionDays),
        /** `INFO` adds Lambda's own start and report lines, about 0.5 kB an invocation, to every function's log. */
        platformLevel: z.enum(["INFO", "WARN"]).default(DEFAULTS.logs.platformLevel),
      })
      .prefault({}),
    /** Address reputation and a rate limit before the API; it never looks into bodies. `false`: none. */
    waf: z.union([z.literal(false), wafSchema]).default(DEFAULTS.waf),
    /** Default: the address that API Gateway gives. */
    domain: domainSchema.optional(),
    /** Limit of the whole API, over all tenants; above it the gateway answers 429 itself. */
    throttle: z
      .strictObject({
        requestsPerSecond: z.int().min(1).max(1_000_000).default(DEFAULTS.throttle.requestsPerSecond),
        burst: z.int().min(1).max(1_000_000).default(DEFAULTS.throttle.burst),
      })
      .prefault({}),
    /** On failed requests at the API, and on failed or throttled functions. `false`: none. */
    alarms: z.union([z.literal(false), alarmsSchema]).default(DEFAULTS.alarms),
    /** X-Ray traces of the requests that the account's sampling rule picks (default: one a second and 5 % of the rest). */
    tracing: z.boolean().default(DEFAULTS.tracing),
    /**
     * API Gateway writes access logs with one role per account and region. `true`: this stack sets it. `false`: it is
     * already set by somebody else, who should stay in charge of it.
     */
    accountLogRole: z.boolean().default(DEFAULTS.accountLogRole),
    /**
     * Seconds of silence after which an answer under way gives a sign of life (a comment in a stream, white space before JSON), 1 to
     * 280: API Gateway closes connections that are silent for 300. Default: 15.
     */
    heartbeatSeconds: z.int().min(1).max(280).optional(),
    router: routerSchema.prefault({}),
    /** Functions that hold models: one for each group. */
    modelGroups: z.array(modelGroupSchema).min(1),
    /** GPU endpoints, which sleep while nobody asks. Default: none. */
    endpoints: z.array(endpointSchema).default(DEFAULTS.endpoints),
    /** Servers that speak OpenAI's API: on premises, on other hardware, at another provider. Default: none. */
    upstreams: z.array(upstreamSchema).default(DEFAULTS.upstreams),
    /** Receivers of webhooks inside your network; without being named here, only addresses of the public internet are called. Default: none. */
    webhookReceivers: z.array(webhookReceiverSchema).default(DEFAULTS.webhookReceivers),
    /** A cache that all functions share, about 6 USD a month while nobody asks. Default: none, each process has its own. */
    cache: cacheSchema.optional(),
    /** Put on every resource that can carry tags. */
    tags: z.record(z.string().min(1).max(128), z.string().max(256)).default(DEFAULTS.tags),
  })
  .check((context) => {
    for (const { path, message } of deploymentProblems(context.value)) {
      context.issues.push({ code: "custom", input: context.value, path: [...path], message });
    }
  });

export const configSchema = z
  .strictObject({
    /** Prices for the cost tables, of another region or negotiated. Default: list prices of us-east-1. */
    priceBook: priceBookSchema.default(usEast1),
    environments: z.partialRecord(z.enum(ENVIRONMENTS), environmentSchema),
  })
  .check((context) => {
    for (const [name, environment] of Object.entries(context.value.environments)) {
      if (environment === undefined || ON_ONE_MACHINE.has(name as EnvironmentName)) continue;
      for (const { path, message } of reachableUpstreams(environment)) {
        context.issues.push({ code: "custom", input: undefined, path: ["environments", name, ...path], message });
      }
      for (const [index, { placement }] of environment.modelGroups.entries()) {
        if (placement.kind !== "managed-instances") continue;
        const path = ["environments", name, "modelGroups", index, "placement"];
        if (placement.network === undefined) {
          const message = "is required where instances are started: { subnetIds, securityGroupIds }";
          context.issues.push({ code: "custom", input: undefined, path: [...path, "network"], message });
        }
        if (placement.workers === "host") {
          const message = `"host" is for ${[...ON_ONE_MACHINE].join(" and ")}; a deployment needs "vcpus" or a number`;
          context.issues.push({ code: "custom", input: "host", path: [...path, "workers"], message });
        }
      }
      for (const [path, one] of [
        [["router"], environment.router] as const,
        ...environment.modelGroups.map((group, index) => [["modelGroups", index], group] as const),
      ]) {
        if (one.architecture !== "host") continue;
        context.issues.push({
          code: "custom",
          input: one.architecture,
          path: ["environments", name, ...path, "architecture"],
          message: `"host" is for ${[...ON_ONE_MACHINE].join(" and ")}; a deployment needs "x86_64" or "arm64"`,
        });
      }
    }
  });

/** What farthing.config.ts exports. */
export type FarthingConfigInput = z.input<typeof configSchema>;
export type FarthingConfig = z.infer<typeof configSchema>;
export type EnvironmentConfig = z.infer<typeof environmentSchema>;
export type RouterConfig = EnvironmentConfig["router"];
export type ModelGroupConfig = EnvironmentConfig["modelGroups"][number];
export type Architecture = z.infer<typeof architecture>;

/** Throws an Error that names every wrong field. */
export function parseConfig(value: unknown, source = "farthing.config.ts"): FarthingConfig {
  const result = configSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new Error(`${source} is not valid:\n${z.prettifyError(result.error)}`);
}
