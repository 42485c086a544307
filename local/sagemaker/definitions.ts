/**
 * What the control plane and the templates define, checked. The two speak of the same members by the same names, so one
 * schema serves both. Members that make no difference on one machine are named as such; unknown ones are refused.
 */
import * as z from "zod";
import { instanceCapacity, KNOWN_INSTANCE_TYPES } from "./instance-types.ts";
import {
  MAX_ENVIRONMENT_ENTRIES,
  MAX_INSTANCE_POOLS,
  PREFIX_CONCURRENCY,
  PREFIX_LENGTH,
  STARTUP_SECONDS,
} from "./limits.ts";

/** Numbers and flags arrive as texts from some intrinsic functions. */
const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(min).max(max);
const flag = z.union([z.boolean(), z.stringbool()]);
/** Taken, and without effect here. */
const withoutEffect = z.unknown().optional();

export const resourceName = z.string().regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/);
const roleArn = z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/);
const instanceType = z.string().refine((name) => instanceCapacity(name) !== undefined, {
  error: ({ input }) => `the simulator knows no instance type ${String(input)}; it knows ${KNOWN_INSTANCE_TYPES}`,
});
const environment = z
  .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.coerce.string())
  .refine((map) => Object.keys(map).length <= MAX_ENVIRONMENT_ENTRIES)
  .default({});
const s3Uri = z.string().regex(/^(https|s3):\/\/([^/]+)\/?(.*)$/);

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html */
const container = z.strictObject({
  ContainerHostname: withoutEffect,
  Environment: environment,
  Image: z.string().min(1).max(255).optional(),
  ImageConfig: withoutEffect,
  Mode: z.literal("SingleModel").optional(),
  ModelDataSource: z
    .strictObject({
      S3DataSource: z.strictObject({
        CompressionType: z.enum(["None", "Gzip"]),
        ModelAccessConfig: withoutEffect,
        S3DataType: z.enum(["S3Prefix", "S3Object"]),
        S3Uri: s3Uri,
      }),
    })
    .optional(),
  ModelDataUrl: s3Uri.optional(),
});

export const modelDefinition = z
  .object({
    ModelName: resourceName.optional(),
    Containers: z.array(container).length(1, "inference pipelines are not simulated: one container").optional(),
    EnableNetworkIsolation: flag.default(false),
    ExecutionRoleArn: roleArn.optional(),
    PrimaryContainer: container.optional(),
  })
  .refine((model) => (model.PrimaryContainer ?? model.Containers?.[0])?.Image !== undefined, {
    error: "a model needs a PrimaryContainer (or one of Containers) with an Image; model packages are not simulated",
  });

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html */
const variant = z
  .strictObject({
    VariantName: resourceName,
    ModelName: resourceName.optional(),
    InitialInstanceCount: whole(1).optional(),
    InstanceType: instanceType.optional(),
    InstancePools: z
      .array(
        z.strictObject({
          InstanceType: instanceType,
          ModelNameOverride: resourceName.optional(),
          Priority: whole(1, 5),
        }),
      )
      .min(1)
      .max(MAX_INSTANCE_POOLS)
      .optional(),
    InitialVariantWeight: z.coerce.number().min(0).default(1),
    ManagedInstanceScaling: z
      .strictObject({
        Status: z.enum(["ENABLED", "DISABLED"]).default("DISABLED"),
        MinInstanceCount: whole(0).optional(),
        MaxInstanceCount: whole(1).optional(),
        ScaleInPolicy: z
          .strictObject({
            Strategy: z.enum(["IDLE_RELEASE", "CONSOLIDATION"]),
            MaximumStepSize: whole(1, 100).optional(),
            CooldownInMinutes: whole(5, 1_440).optional(),
          })
          .optional(),
      })
      .optional(),
    RoutingConfig: z
      .strictObject({
        RoutingStrategy: z.enum(["LEAST_OUTSTANDING_REQUESTS", "RANDOM", "PREFIX_AWARE", "KV_AWARE"]),
        PrefixAwareRoutingConfig: z
          .strictObject({
            PrefixLength: whole(PREFIX_LENGTH.min, PREFIX_LENGTH.max).default(PREFIX_LENGTH.default),
            ConcurrencyThreshold: whole(PREFIX_CONCURRENCY.min, PREFIX_CONCURRENCY.max).default(
              PREFIX_CONCURRENCY.default,
            ),
          })
          .optional(),
      })
      .optional(),
    ContainerStartupHealthCheckTimeoutInSeconds: whole(STARTUP_SECONDS.min, STARTUP_SECONDS.max).optional(),
    ModelDataDownloadTimeoutInSeconds: whole(STARTUP_SECONDS.min, STARTUP_SECONDS.max).optional(),
    CapacityReservationConfig: withoutEffect,
    CoreDumpConfig: withoutEffect,
    EnableSSMAccess: withoutEffect,
    InferenceAmiVersion: withoutEffect,
    VariantInstanceProvisionTimeoutInSeconds: withoutEffect,
    VolumeSizeInGB: withoutEffect,
  })
  .refine((each) => (each.InstanceType === undefined) !== (each.InstancePools === undefined), {
    error: "a variant has either an InstanceType or InstancePools (serverless variants are not simulated)",
  });

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceConfig.html */
const asyncInference = z.strictObject({
  ClientConfig: z.strictObject({ MaxConcurrentInvocationsPerInstance: whole(1, 1_000).optional() }).optional(),
  OutputConfig: z.strictObject({
    KmsKeyId: withoutEffect,
    NotificationConfig: withoutEffect,
    S3OutputPath: s3Uri.optional(),
    S3FailurePath: s3Uri.optional(),
  }),
});

export const endpointConfigDefinition = z
  .object({
    EndpointConfigName: resourceName.optional(),
    AsyncInferenceConfig: asyncInference.optional(),
    EnableNetworkIsolation: flag.default(false),
    ExecutionRoleArn: roleArn.optional(),
    ProductionVariants: z.array(variant).min(1).max(10),
  })
  // Found the hard way by others (docs say "optional"): inference components need the role on the configuration.
  .refine(
    (config) => config.ExecutionRoleArn !== undefined || config.ProductionVariants.every((each) => each.ModelName),
    {
      error: "ExecutionRoleArn is required when variants name no model, that is for inference components",
      path: ["ExecutionRoleArn"],
    },
  );

const startupParameters = z.strictObject({
  ContainerStartupHealthCheckTimeoutInSeconds: whole(STARTUP_SECONDS.min, STARTUP_SECONDS.max).optional(),
  ModelDataDownloadTimeoutInSeconds: whole(STARTUP_SECONDS.min, STARTUP_SECONDS.max).optional(),
});

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceComponentSpecification.html */
const specificationMembers = {
  ModelName: resourceName.optional(),
  Container: z
    .strictObject({
      ArtifactUrl: s3Uri.optional(),
      ContainerMetricsConfig: withoutEffect,
      Environment: environment,
      Image: z.string().min(1).max(255).optional(),
    })
    .optional(),
  ComputeResourceRequirements: z.strictObject({
    MinMemoryRequiredInMb: whole(128),
    MaxMemoryRequiredInMb: whole(128).optional(),
    NumberOfAcceleratorDevicesRequired: z.coerce.number().min(1).optional(),
    NumberOfCpuCoresRequired: z.coerce.number().min(0.25).optional(),
  }),
  DataCacheConfig: z.strictObject({ EnableCaching: flag }).optional(),
  SchedulingConfig: z
    .strictObject({ PlacementStrategy: z.enum(["SPREAD", "BINPACK"]), AvailabilityZoneBalance: withoutEffect })
    .optional(),
  StartupParameters: startupParameters.optional(),
};

const hasContainer = (each: {
  readonly ModelName?: unknown;
  readonly Container?: { readonly Image?: unknown } | undefined;
}) => each.ModelName !== undefined || each.Container?.Image !== undefined;
const containerError = "a specification names a ModelName, or a Container with an Image (adapters are not simulated)";

export const componentSpecification = z
  .strictObject(specificationMembers)
  .refine(hasContainer, { error: containerError });
export const specificationForInstanceType = z
  .strictObject({ ...specificationMembers, InstanceType: instanceType })
  .refine(hasContainer, { error: containerError });

const capacitySize = z.strictObject({ Type: z.enum(["COPY_COUNT", "CAPACITY_PERCENT"]), Value: whole(1) });

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceComponentDeploymentConfig.html */
export const deploymentConfig = z.strictObject({
  RollingUpdatePolicy: z.strictObject({
    MaximumBatchSize: capacitySize,
    MaximumExecutionTimeoutInSeconds: whole(600, 28_800).optional(),
    RollbackMaximumBatchSize: capacitySize.optional(),
    WaitIntervalInSeconds: whole(0, 3_600),
  }),
  AutoRollbackConfiguration: z
    .strictObject({
      Alarms: z
        .array(z.strictObject({ AlarmName: z.string() }))
        .min(1)
        .max(10),
    })
    .optional(),
});

export const componentDefinition = z
  .object({
    InferenceComponentName: resourceName.optional(),
    EndpointName: resourceName,
    VariantName: resourceName.optional(),
    Specification: componentSpecification.optional(),
    Specifications: z.array(specificationForInstanceType).min(1).max(5).optional(),
    RuntimeConfig: z.object({ CopyCount: whole(0) }).optional(),
    DeploymentConfig: deploymentConfig.optional(),
  })
  .refine((each) => (each.Specification === undefined) !== (each.Specifications === undefined), {
    error: "a component has either a Specification or Specifications",
  });

export type ModelDefinition = z.infer<typeof modelDefinition>;
export type ContainerDefinition = z.infer<typeof container>;
export type EndpointConfigDefinition = z.infer<typeof endpointConfigDefinition>;
export type VariantDefinition = z.infer<typeof variant>;
export type ComponentDefinition = z.infer<typeof componentDefinition>;
export type ComponentSpecification = z.infer<typeof componentSpecification>;
export type DeploymentConfig = z.infer<typeof deploymentConfig>;
