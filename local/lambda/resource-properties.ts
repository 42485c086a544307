import * as z from "zod";
import { readProperties } from "../resource-properties.ts";
import type { ResolvedResource } from "../simulator.ts";
import {
  ASYNCHRONOUS_RETRIES,
  MANAGED_INSTANCES,
  MAX_EVENT_AGE_SECONDS,
  MAX_LAYERS,
  MEMORY_MEGABYTES,
  TIMEOUT_SECONDS,
} from "./limits.ts";

/** Numbers arrive as strings from some intrinsic functions. */
const integer = (minimum: number, maximum: number) =>
  z.pipe(z.coerce.number(), z.int().check(z.gte(minimum), z.lte(maximum)));
const name = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/));
const qualifier = z
  .string()
  .check(z.regex(/^(?!\d+$)[A-Za-z0-9_-]{1,128}$/, "an alias has letters, digits, - and _, and is not a number"));

const arn = (kind: string) => z.string().check(z.regex(new RegExp(`^arn:aws[a-z-]*:${kind}`)));

const capacityProviderConfig = z.strictObject({
  LambdaManagedInstancesCapacityProviderConfig: z.strictObject({
    CapacityProviderArn: arn("lambda:"),
    ExecutionEnvironmentMemoryGiBPerVCpu: z.optional(z.coerce.number().check(z.gte(2), z.lte(8))),
    PerExecutionEnvironmentMaxConcurrency: z._default(
      integer(1, MANAGED_INSTANCES.maxConcurrency),
      MANAGED_INSTANCES.defaultConcurrency,
    ),
  }),
});

const functionProperties = z.object({
  Architectures: z._default(z.array(z.enum(["arm64", "x86_64"])).check(z.length(1)), ["x86_64"]),
  CapacityProviderConfig: z.optional(capacityProviderConfig),
  Code: z.strictObject({
    ImageUri: z.optional(z.string()),
    S3Bucket: z.optional(z.string()),
    S3Key: z.optional(z.string()),
    ZipFile: z.optional(z.string()),
  }),
  Description: z._default(z.string(), ""),
  Environment: z.optional(z.object({ Variables: z.optional(z.record(z.string(), z.coerce.string())) })),
  FunctionName: z.optional(name),
  Handler: z.optional(z.string()),
  Layers: z._default(z.array(z.string()).check(z.maxLength(MAX_LAYERS)), []),
  LoggingConfig: z.optional(
    z.strictObject({
      ApplicationLogLevel: z.optional(z.enum(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"])),
      LogFormat: z.optional(z.enum(["Text", "JSON"])),
      LogGroup: z.optional(z.string()),
      SystemLogLevel: z.optional(z.enum(["DEBUG", "INFO", "WARN"])),
    }),
  ),
  MemorySize: z._default(integer(MEMORY_MEGABYTES.min, MEMORY_MEGABYTES.max), MEMORY_MEGABYTES.default),
  PublishToLatestPublished: z._default(z.union([z.boolean(), z.stringbool()]), true),
  PackageType: z._default(z.enum(["Zip", "Image"]), "Zip"),
  ReservedConcurrentExecutions: z.optional(integer(0, Number.MAX_SAFE_INTEGER)),
  Role: z.string().check(z.regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/)),
  Runtime: z.optional(z.string()),
  Timeout: z._default(integer(TIMEOUT_SECONDS.min, TIMEOUT_SECONDS.max), TIMEOUT_SECONDS.default),
  TracingConfig: z.optional(z.object({ Mode: z.optional(z.enum(["Active", "PassThrough"])) })),
  VpcConfig: z.optional(
    z.strictObject({
      SubnetIds: z.array(z.string()).check(z.minLength(1), z.maxLength(16)),
      SecurityGroupIds: z.array(z.string()).check(z.minLength(1), z.maxLength(5)),
    }),
  ),
});

const layerProperties = z.object({
  Content: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  LayerName: z.optional(z.string()),
});

const provisioned = z.optional(z.object({ ProvisionedConcurrentExecutions: integer(1, 10_000) }));

const versionProperties = z.object({
  FunctionName: z.string(),
  Description: z.optional(z.string()),
  ProvisionedConcurrencyConfig: provisioned,
});

const aliasProperties = z.object({
  FunctionName: z.string(),
  FunctionVersion: z.string(),
  Name: qualifier,
  ProvisionedConcurrencyConfig: provisioned,
  RoutingConfig: z.optional(
    z.object({
      AdditionalVersionWeights: z.optional(
        z.array(z.object({ FunctionVersion: z.string(), FunctionWeight: z.coerce.number().check(z.gte(0), z.lte(1)) })),
      ),
    }),
  ),
});

const permissionProperties = z.object({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceAccount: z.optional(z.string()),
  SourceArn: z.optional(z.string()),
});

const capacityProviderProperties = z.object({ CapacityProviderName: z.optional(name) });

const eventInvokeProperties = z.object({
  FunctionName: z.string(),
  MaximumEventAgeInSeconds: z._default(
    integer(MAX_EVENT_AGE_SECONDS.min, MAX_EVENT_AGE_SECONDS.max),
    MAX_EVENT_AGE_SECONDS.default,
  ),
  MaximumRetryAttempts: z._default(integer(0, ASYNCHRONOUS_RETRIES.max), ASYNCHRONOUS_RETRIES.default),
  Qualifier: z.string(),
});

export type FunctionProperties = z.infer<typeof functionProperties>;

export const readFunction = (resource: ResolvedResource) => readProperties(resource, functionProperties);
export const readLayer = (resource: ResolvedResource) => readProperties(resource, layerProperties);
export const readVersion = (resource: ResolvedResource) => readProperties(resource, versionProperties);
export const readAlias = (resource: ResolvedResource) => readProperties(resource, aliasProperties);
export const readPermission = (resource: ResolvedResource) => readProperties(resource, permissionProperties);
export const readEventInvokeConfig = (resource: ResolvedResource) => readProperties(resource, eventInvokeProperties);
export const readCapacityProvider = (resource: ResolvedResource) =>
  readProperties(resource, capacityProviderProperties);
