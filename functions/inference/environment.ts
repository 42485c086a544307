/** The environment variables of the serving function, read once. A wrong one stops the deployment at its first start. */
import * as z from "zod/mini";
import type { CostFacts } from "../../core/pricing/request-pricer.ts";

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const name = z.string().check(z.regex(NAME, `must match ${NAME.source}`));

const jsonText = z.pipe(
  z.string(),
  z.transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.issues.push({ code: "custom", message: "is not JSON", input: text });
      return z.NEVER;
    }
  }),
);

const text = z.string().check(z.minLength(1));
const endpointRoute = z.strictObject({
  /** Name of the SageMaker endpoint, and of the inference component on it. */
  endpoint: text,
  component: text,
  /** An endpoint for InvokeEndpointAsync, and the folder of the model bucket with `requests/`, `results/` and `failures/`. */
  asynchronous: z.optional(z.strictObject({ endpoint: text, prefix: text })),
  /** Of the card: how long a wake-up takes until there are observations, and how many callers may wait for it. */
  wakeSeconds: z.number().check(z.gte(1)),
  maxHeld: z.number().check(z.int(), z.gte(0)),
  /** Models that answer instead, in this order. */
  fallback: z.array(text),
  /** Longest context, prompt and answer together. */
  contextTokens: z.number().check(z.int(), z.gte(1)),
});

const webhookReceiver = z.strictObject({
  host: text,
  address: text,
  port: z.number().check(z.int(), z.gte(1), z.lte(65_535)),
  caPem: z.optional(text),
});

export type WebhookReceiver = z.infer<typeof webhookReceiver>;

const cacheAddress = z.strictObject({
  host: text,
  /** Templates only know texts. */
  port: z.coerce.number().check(z.int(), z.gte(1), z.lte(65_535)),
  /** Name of the serverless cache, and the user that this function logs in as with its role. Absent: no login, no TLS. */
  login: z.optional(z.strictObject({ cache: text, user: text })),
});

export type CacheAddress = z.infer<typeof cacheAddress>;

export type EndpointRoute = z.infer<typeof endpointRoute>;

const upstreamRoute = z.strictObject({
  name,
  /** Base of its API. */
  url: z.url(),
  dialect: z.enum(["vllm", "openai"]),
  /** Our name of a model → the server's. */
  models: z.record(text, text),
  onPremises: z.boolean(),
  hasCopies: z.boolean(),
  healthPath: text,
  /** Requests there at once, of this execution environment. */
  maxConcurrent: z.optional(z.number().check(z.int(), z.gte(1))),
  /** Name of the secret with key and trusted certificates. */
  secret: z.optional(text),
});

export type UpstreamRoute = z.infer<typeof upstreamRoute>;

const usd = z.number().check(z.gte(0));
const billed = z.object({ memoryMegabytes: z.number().check(z.gte(0)), architecture: z.enum(["x86_64", "arm64"]) });
const costs = z.object({
  rates: z.object({
    priceBook: text,
    gbSecond: z.object({ x86_64: usd, arm64: usd }),
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
  self: billed,
  groups: z.record(name, billed),
});

/** Strict: a FARTHING_ variable that nothing reads is a typo, or of another release. */
const farthingSchema = z.strictObject({
  FARTHING_ENVIRONMENT: z.enum(["dev", "staging", "prod", "local", "onprem"]),
  /** `router`, or the name of the group. */
  FARTHING_DEPLOYMENT: name,
  /** Group whose models this process holds; absent: it holds none. */
  FARTHING_MODEL_GROUP: z.optional(name),
  /** Group → name of the function that holds its models. */
  FARTHING_REMOTE_GROUPS: z.optional(z.pipe(jsonText, z.record(name, z.string().check(z.minLength(1))))),
  /** Model → the GPU endpoint that holds it; infra/endpoint-routes.ts writes it. */
  FARTHING_ENDPOINTS: z.optional(z.pipe(jsonText, z.record(text, endpointRoute))),
  /** Servers that speak OpenAI's API; infra/upstream-routes.ts writes it. */
  FARTHING_UPSTREAMS: z.optional(z.pipe(jsonText, z.array(upstreamRoute))),
  /** Receivers of webhooks inside the network; infra/webhook-options.ts has their fields. */
  FARTHING_WEBHOOK_RECEIVERS: z.optional(z.pipe(jsonText, z.array(webhookReceiver))),
  FARTHING_REGISTRY_TABLE: z.string().check(z.minLength(1)),
  FARTHING_TENANTS_TABLE: z.string().check(z.minLength(1)),
  /** Where customers ask for their usage. */
  FARTHING_USAGE_TABLE: z.optional(z.string().check(z.minLength(1))),
  /** Where jobs are kept, and who wakes which model. */
  FARTHING_JOBS_TABLE: z.optional(z.string().check(z.minLength(1))),
  /** Requests with an Idempotency-Key; absent: they are refused. */
  FARTHING_REQUESTS_TABLE: z.optional(z.string().check(z.minLength(1))),
  /** Their answers, where they are too large for the table. */
  FARTHING_ANSWER_BUCKET: z.optional(z.string().check(z.minLength(1))),
  FARTHING_MODEL_BUCKET: z.string().check(z.minLength(1)),
  /** Where customers' files are kept. */
  FARTHING_FILE_BUCKET: z.optional(z.string().check(z.minLength(1))),
  /** What requests cost, for cards whose price follows it; infra/constructs/serving-function/variables.ts writes it. */
  FARTHING_COSTS: z.optional(z.pipe(jsonText, costs)),
  /** Silence of an answer under way after which it gives a sign of life. */
  FARTHING_HEARTBEAT_SECONDS: z.optional(z.coerce.number().check(z.int(), z.gte(1))),
  /** The cache that deployments share; absent: each process keeps answers to itself. */
  FARTHING_CACHE: z.optional(z.pipe(jsonText, cacheAddress)),
  /** Names of models to load while the function starts, separated by commas. */
  FARTHING_PRELOAD: z.optional(z.string()),
  /** Folder where models' files stay for the next start, absolute or below the temporary folder; absent: nowhere. */
  FARTHING_MODEL_CACHE: z.optional(z.string().check(z.minLength(1))),
  /** Most that it may hold. */
  FARTHING_MODEL_CACHE_MEGABYTES: z.optional(z.coerce.number().check(z.int(), z.gte(1))),
});

/** Set by Lambda itself: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const lambdaSchema = z.object({
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().check(z.int(), z.gte(128)),
  /** Present on managed instances: requests that the process is sent at once. */
  AWS_LAMBDA_MAX_CONCURRENCY: z.optional(z.coerce.number().check(z.int(), z.gte(1))),
  AWS_LAMBDA_NODEJS_WORKER_COUNT: z.optional(z.coerce.number().check(z.int(), z.gte(1))),
});

/** A function's temporary storage has 512 MB unless it is given more. */
const DEFAULT_CACHE_MEGABYTES = 400;

/** The runtime starts eight for each vCPU, unless it is told. */
const DEFAULT_WORKERS = 8;

export interface ServingEnvironment {
  readonly environment: "dev" | "staging" | "prod" | "local" | "onprem";
  readonly deployment: string;
  readonly modelGroup: string | undefined;
  readonly remoteGroups: Readonly<Record<string, string>>;
  /** Model → the GPU endpoint that holds it. */
  readonly endpoints: Readonly<Record<string, EndpointRoute>>;
  readonly upstreams: readonly UpstreamRoute[];
  readonly webhookReceivers: readonly WebhookReceiver[];
  readonly registryTable: string;
  readonly tenantsTable: string;
  readonly usageTable: string | undefined;
  readonly jobsTable: string | undefined;
  readonly requestsTable: string | undefined;
  readonly answerBucket: string | undefined;
  readonly modelBucket: string;
  readonly fileBucket: string | undefined;
  readonly costs: CostFacts | undefined;
  /** Undefined: as long as the code says. */
  readonly heartbeatMillis: number | undefined;
  readonly cache: CacheAddress | undefined;
  readonly preload: readonly string[];
  readonly modelCache: ModelCacheFolder | undefined;
  /** Of the process. */
  readonly memoryMegabytes: number;
  /**
   * Undefined: one request at a time. Otherwise this code runs in each of `workers` threads, and each is sent several
   * requests at once. https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-nodejs-runtime.html
   */
  readonly manyRequests: { readonly workers: number } | undefined;
}

export interface ModelCacheFolder {
  readonly folder: string;
  readonly megabytes: number;
}

/** Throws an Error that names every wrong variable. */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): ServingEnvironment {
  const ours = Object.fromEntries(Object.entries(variables).filter(([key]) => key.startsWith("FARTHING_")));
  const farthing = parsed(farthingSchema, ours);
  const lambda = parsed(lambdaSchema, variables);
  return {
    environment: farthing.FARTHING_ENVIRONMENT,
    deployment: farthing.FARTHING_DEPLOYMENT,
    modelGroup: farthing.FARTHING_MODEL_GROUP,
    remoteGroups: farthing.FARTHING_REMOTE_GROUPS ?? {},
    endpoints: farthing.FARTHING_ENDPOINTS ?? {},
    upstreams: farthing.FARTHING_UPSTREAMS ?? [],
    webhookReceivers: farthing.FARTHING_WEBHOOK_RECEIVERS ?? [],
    registryTable: farthing.FARTHING_REGISTRY_TABLE,
    tenantsTable: farthing.FARTHING_TENANTS_TABLE,
    usageTable: farthing.FARTHING_USAGE_TABLE,
    jobsTable: farthing.FARTHING_JOBS_TABLE,
    requestsTable: farthing.FARTHING_REQUESTS_TABLE,
    answerBucket: farthing.FARTHING_ANSWER_BUCKET,
    modelBucket: farthing.FARTHING_MODEL_BUCKET,
    fileBucket: farthing.FARTHING_FILE_BUCKET,
    costs: farthing.FARTHING_COSTS,
    heartbeatMillis:
      farthing.FARTHING_HEARTBEAT_SECONDS === undefined ? undefined : farthing.FARTHING_HEARTBEAT_SECONDS * 1000,
    cache: farthing.FARTHING_CACHE,
    preload: (farthing.FARTHING_PRELOAD ?? "")
      .split(",")
      .map((model) => model.trim())
      .filter((model) => model !== ""),
    modelCache:
      farthing.FARTHING_MODEL_CACHE === undefined
        ? undefined
        : {
            folder: farthing.FARTHING_MODEL_CACHE,
            megabytes: farthing.FARTHING_MODEL_CACHE_MEGABYTES ?? DEFAULT_CACHE_MEGABYTES,
          },
    memoryMegabytes: lambda.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    manyRequests:
      lambda.AWS_LAMBDA_MAX_CONCURRENCY === undefined
        ? undefined
        : { workers: lambda.AWS_LAMBDA_NODEJS_WORKER_COUNT ?? DEFAULT_WORKERS },
  };
}

function parsed<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = z.safeParse(schema, value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `  ${issue.path.join(".") || "environment"}: ${problemOf(issue)}`,
  );
  throw new Error(`The function's environment variables are not valid:\n${problems.join("\n")}`);
}

/** zod/mini brings no texts of its own unless its 10 kB of English are loaded. */
function problemOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown: ${issue.keys.join(", ")}`;
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be a ${issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.join(", ")}`;
    default:
      return issue.input === "" ? "is empty" : issue.message;
  }
}
