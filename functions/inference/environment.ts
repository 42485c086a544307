/** The environment variables of the serving function, read once. A wrong one stops the deployment at its first start. */
import * as z from "zod/mini";

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

/** Strict: a FARTHING_ variable that nothing reads is a typo, or of another release. */
const farthingSchema = z.strictObject({
  FARTHING_ENVIRONMENT: z.enum(["dev", "staging", "prod", "local", "onprem"]),
  /** `router`, or the name of the group. */
  FARTHING_DEPLOYMENT: name,
  /** Group whose models this process holds; absent: it holds none. */
  FARTHING_MODEL_GROUP: z.optional(name),
  /** Group → name of the function that holds its models. */
  FARTHING_REMOTE_GROUPS: z.optional(z.pipe(jsonText, z.record(name, z.string().check(z.minLength(1))))),
  FARTHING_REGISTRY_TABLE: z.string().check(z.minLength(1)),
  FARTHING_TENANTS_TABLE: z.string().check(z.minLength(1)),
  FARTHING_MODEL_BUCKET: z.string().check(z.minLength(1)),
  /** Names of models to load while the function starts, separated by commas. */
  FARTHING_PRELOAD: z.optional(z.string()),
});

/** Set by Lambda itself: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const lambdaSchema = z.object({
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().check(z.int(), z.gte(128)),
  /** Present on managed instances: requests that the process is sent at once. */
  AWS_LAMBDA_MAX_CONCURRENCY: z.optional(z.coerce.number().check(z.int(), z.gte(1))),
  AWS_LAMBDA_NODEJS_WORKER_COUNT: z.optional(z.coerce.number().check(z.int(), z.gte(1))),
});

/** The runtime starts eight for each vCPU, unless it is told. */
const DEFAULT_WORKERS = 8;

export interface ServingEnvironment {
  readonly environment: "dev" | "staging" | "prod" | "local" | "onprem";
  readonly deployment: string;
  readonly modelGroup: string | undefined;
  readonly remoteGroups: Readonly<Record<string, string>>;
  readonly registryTable: string;
  readonly tenantsTable: string;
  readonly modelBucket: string;
  readonly preload: readonly string[];
  /** Of the process. */
  readonly memoryMegabytes: number;
  /**
   * Undefined: one request at a time. Otherwise this code runs in each of `workers` threads, and each is sent several
   * requests at once. https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-nodejs-runtime.html
   */
  readonly manyRequests: { readonly workers: number } | undefined;
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
    registryTable: farthing.FARTHING_REGISTRY_TABLE,
    tenantsTable: farthing.FARTHING_TENANTS_TABLE,
    modelBucket: farthing.FARTHING_MODEL_BUCKET,
    preload: (farthing.FARTHING_PRELOAD ?? "")
      .split(",")
      .map((model) => model.trim())
      .filter((model) => model !== ""),
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
