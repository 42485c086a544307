import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import type { Credentials } from "../simulator.ts";
import type { FunctionVersion } from "./function-version.ts";

/** Where the parts of one execution environment are on this machine. */
export interface EnvironmentPlace {
  readonly runtimeDirectory: string;
  /** Host and port. */
  readonly runtimeApi: string;
  readonly temporaryDirectory: string;
  readonly logStream: string;
  readonly initialization: "on-demand" | "provisioned-concurrency" | "lambda-managed-instances";
  readonly region: string;
  readonly awsEndpointUrl: string;
  /** File with certificates to trust beside the usual ones. */
  readonly certificateFile: string | undefined;
  readonly credentials: Credentials;
  /** The interpreter. */
  readonly node: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
const RESERVED = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_MAX_CONCURRENCY",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
]);

const NAME = /^[a-zA-Z]\w+$/;

/** Names that a template may not set; Lambda refuses to create such a function. */
export function refusedVariables(environment: Readonly<Record<string, string>>): string[] {
  return Object.keys(environment).filter((name) => RESERVED.has(name) || !NAME.test(name));
}

/**
 * Everything that the process gets; nothing of the platform's own environment is passed on. Beyond what Lambda sets
 * there are AWS_ENDPOINT_URL, which leads SDKs to the local endpoint, TMPDIR, because `/tmp` is not private here, and
 * NODE_EXTRA_CA_CERTS, by which services of this machine are trusted.
 */
export function environmentVariables(version: FunctionVersion, place: EnvironmentPlace): Record<string, string> {
  const { layerDirectory, codeDirectory, logging } = version;
  const nodeMajor = version.runtime.replace(/^nodejs(\d+)\.x$/, "node$1");
  return {
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    PATH: [dirname(place.node), "/usr/local/bin", "/usr/bin", "/bin", join(layerDirectory, "bin")].join(":"),
    LD_LIBRARY_PATH: [codeDirectory, join(codeDirectory, "lib"), join(layerDirectory, "lib")].join(":"),
    NODE_PATH: [
      join(layerDirectory, "nodejs", nodeMajor, "node_modules"),
      join(layerDirectory, "nodejs/node_modules"),
      join(place.runtimeDirectory, "node_modules"),
      place.runtimeDirectory,
      codeDirectory,
    ].join(":"),
    ...(place.certificateFile !== undefined && { NODE_EXTRA_CA_CERTS: place.certificateFile }),
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    ...version.environment,
    AWS_ENDPOINT_URL: place.awsEndpointUrl,
    TMPDIR: place.temporaryDirectory,
    _HANDLER: version.handler,
    LAMBDA_TASK_ROOT: codeDirectory,
    LAMBDA_RUNTIME_DIR: place.runtimeDirectory,
    AWS_EXECUTION_ENV: `AWS_Lambda_${version.runtime}`,
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_LAMBDA_FUNCTION_NAME: version.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: place.initialization,
    AWS_LAMBDA_LOG_GROUP_NAME: logging.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: place.logStream,
    ...(logging.format === "JSON" ? { AWS_LAMBDA_LOG_FORMAT: "JSON" } : {}),
    ...(logging.applicationLevel === undefined ? {} : { AWS_LAMBDA_LOG_LEVEL: logging.applicationLevel }),
    ...(version.managedInstances === undefined
      ? {}
      : { AWS_LAMBDA_MAX_CONCURRENCY: String(version.managedInstances.concurrency) }),
    AWS_LAMBDA_RUNTIME_API: place.runtimeApi,
    AWS_ACCESS_KEY_ID: place.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: place.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: place.credentials.sessionToken,
  };
}

/**
 * V8's limits by memory size, as the managed runtime passes them: a tenth for the young generation, the rest for the old.
 * Read from the runtime's own start script; AWS has no page about it.
 */
export function nodeArguments(memoryMegabytes: number): string[] {
  const youngMegabytes = Math.floor(memoryMegabytes / 10);
  return heapLimits(Math.floor(youngMegabytes / 2), memoryMegabytes - youngMegabytes);
}

/** Young space fills up before anybody looks for what could be freed: three of these for each thread. */
const THREAD_SEMI_SPACE_MEGABYTES = 8;

/** Where many requests are held: the limits hold for each of the threads. */
export function manyRequestsNodeArguments({ memoryMegabytes, environment }: FunctionVersion): string[] {
  const threads = Math.max(1, Number(environment.AWS_LAMBDA_NODEJS_WORKER_COUNT) || 1);
  return heapLimits(THREAD_SEMI_SPACE_MEGABYTES, Math.floor(memoryMegabytes / threads));
}

/** Of an environment that holds many requests, as runtime/workers.mjs starts them. */
export function threadsOf({ environment }: Pick<FunctionVersion, "environment">): number {
  const wanted = Number.parseInt(environment.AWS_LAMBDA_NODEJS_WORKER_COUNT ?? "", 10);
  return wanted > 0 ? wanted : WORKERS_PER_PROCESSOR * availableParallelism();
}

const WORKERS_PER_PROCESSOR = 8;

const heapLimits = (semiSpaceMegabytes: number, oldSpaceMegabytes: number): string[] => [
  "--expose-gc",
  `--max-semi-space-size=${semiSpaceMegabytes}`,
  `--max-old-space-size=${oldSpaceMegabytes}`,
];
