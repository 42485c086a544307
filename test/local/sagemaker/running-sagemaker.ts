import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateInferenceComponentCommand,
  CreateModelCommand,
  DescribeEndpointCommand,
  DescribeInferenceComponentCommand,
  type DescribeInferenceComponentCommandOutput,
  type ProductionVariant,
  SageMakerClient,
  UpdateInferenceComponentRuntimeConfigCommand,
} from "@aws-sdk/client-sagemaker";
import { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { createApplicationAutoScalingSimulator } from "../../../local/application-autoscaling/simulator.ts";
import { createCloudWatchSimulator } from "../../../local/cloudwatch/simulator.ts";
import { createLogsSimulator } from "../../../local/logs/simulator.ts";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import type { ContainerCommand } from "../../../local/sagemaker/container/command.ts";
import type { SageMakerOptions } from "../../../local/sagemaker/options.ts";
import { createSageMakerSimulator } from "../../../local/sagemaker/simulator.ts";
import { ACCOUNT_ID, type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

export const ROLE_ARN = `arn:aws:iam::${ACCOUNT_ID}:role/execution`;
export const IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/vllm:0.27.1";

/** SageMaker with S3, CloudWatch and auto scaling, in a machine's time instead of a cloud's. */
export interface RunningSageMaker {
  readonly endpoint: RunningEndpoint;
  readonly control: SageMakerClient;
  readonly runtime: SageMakerRuntimeClient;
  readonly cloudwatch: ReturnType<typeof createCloudWatchSimulator>;
  readonly scaling: ReturnType<typeof createApplicationAutoScalingSimulator>;
  /** An endpoint for components, its one variant `all`. Resolves when it is in service. */
  createEndpoint(name: string, variant?: Partial<ProductionVariant>): Promise<void>;
  createComponent(name: string, endpointName: string, more?: ComponentWishes): Promise<void>;
  scale(component: string, copies: number): Promise<void>;
  describe(component: string): Promise<DescribeInferenceComponentCommandOutput>;
  /** Resolves when the component's description is as asked; rejects with what it is after 20 s. */
  until(component: string, wanted: (description: DescribeInferenceComponentCommandOutput) => boolean): Promise<void>;
  stop(): Promise<void>;
}

export interface ComponentWishes {
  readonly environment?: Record<string, string>;
  readonly copies?: number;
  readonly memoryMb?: number;
  readonly accelerators?: number;
  readonly placement?: "SPREAD" | "BINPACK";
}

const FAST: Partial<SageMakerOptions> = {
  instanceLaunchMillis: 20,
  modelLoadMillis: 10,
  instanceReleaseMillis: 200,
  pingMillis: 50,
  pingTimeoutMillis: 500,
  restartMillis: 20,
  drainMillis: 2_000,
  tickMillis: 20,
};

export const TEST_CONTAINER: ContainerCommand = {
  executable: process.execPath,
  arguments: [join(import.meta.dirname, "container.mjs")],
};

export async function startSageMaker(
  options: Partial<SageMakerOptions> = {},
  more: {
    readonly clock?: () => number;
    readonly container?: ContainerCommand;
    readonly monotonicMillis?: () => number;
  } = {},
): Promise<RunningSageMaker> {
  let parts: Pick<RunningSageMaker, "cloudwatch" | "scaling"> | undefined;
  const endpoint = await startEndpoint(
    (context, access) => {
      const cloudwatch = createCloudWatchSimulator(context);
      const logs = createLogsSimulator(context);
      const sagemaker = createSageMakerSimulator(context, {
        access,
        logs,
        metrics: cloudwatch,
        alarms: cloudwatch,
        container: more.container ?? TEST_CONTAINER,
        options: { ...FAST, ...options },
        ...(more.monotonicMillis && { monotonicMillis: more.monotonicMillis }),
      });
      const { scalable } = sagemaker;
      const scaling = createApplicationAutoScalingSimulator(context, { metrics: cloudwatch, scalable, tickMillis: 0 });
      parts = { cloudwatch, scaling };
      return [cloudwatch, logs, createS3Simulator(context, { access }), sagemaker, scaling];
    },
    { ...(more.clock && { clock: more.clock }) },
  );
  const control = new SageMakerClient(endpoint.asOperator);
  const runtime = new SageMakerRuntimeClient(endpoint.asOperator);
  await endpoint.create("AWS::IAM::Role", "execution", {
    RoleName: "execution",
    AssumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "sagemaker.amazonaws.com" }, Action: "sts:AssumeRole" }],
    },
    Policies: [
      {
        PolicyName: "s3",
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
              Resource: "arn:aws:s3:::models*",
            },
          ],
        },
      },
    ],
  });

  const describe = (name: string) =>
    control.send(new DescribeInferenceComponentCommand({ InferenceComponentName: name }));
  return {
    endpoint,
    control,
    runtime,
    cloudwatch: (parts as NonNullable<typeof parts>).cloudwatch,
    scaling: (parts as NonNullable<typeof parts>).scaling,
    async createEndpoint(name, variant = {}) {
      await control.send(
        new CreateEndpointConfigCommand({
          EndpointConfigName: `${name}-config`,
          ExecutionRoleArn: ROLE_ARN,
          ProductionVariants: [
            {
              VariantName: "all",
              InitialInstanceCount: 1,
              ManagedInstanceScaling: { Status: "ENABLED", MinInstanceCount: 0, MaxInstanceCount: 3 },
              ...(variant.InstancePools === undefined && { InstanceType: "ml.g5.xlarge" as const }),
              ...variant,
            },
          ],
        }),
      );
      await control.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: `${name}-config` }));
      await waitFor(
        () => control.send(new DescribeEndpointCommand({ EndpointName: name })),
        ({ EndpointStatus }) => EndpointStatus === "InService",
      );
    },
    async createComponent(name, endpointName, wishes = {}) {
      await control.send(
        new CreateModelCommand({
          ModelName: `${name}-model`,
          ExecutionRoleArn: ROLE_ARN,
          PrimaryContainer: { Image: IMAGE, Environment: wishes.environment ?? {} },
        }),
      );
      await control.send(
        new CreateInferenceComponentCommand({
          InferenceComponentName: name,
          EndpointName: endpointName,
          VariantName: "all",
          Specification: {
            ModelName: `${name}-model`,
            ComputeResourceRequirements: {
              MinMemoryRequiredInMb: wishes.memoryMb ?? 8_192,
              NumberOfAcceleratorDevicesRequired: wishes.accelerators ?? 1,
            },
            StartupParameters: { ContainerStartupHealthCheckTimeoutInSeconds: 60 },
            ...(wishes.placement && { SchedulingConfig: { PlacementStrategy: wishes.placement } }),
          } as never,
          RuntimeConfig: { CopyCount: wishes.copies ?? 1 },
        }),
      );
    },
    async scale(component, copies) {
      await control.send(
        new UpdateInferenceComponentRuntimeConfigCommand({
          InferenceComponentName: component,
          DesiredRuntimeConfig: { CopyCount: copies },
        }),
      );
    },
    describe,
    async until(component, wanted) {
      await waitFor(() => describe(component), wanted);
    },
    async stop() {
      control.destroy();
      runtime.destroy();
      await endpoint.stop();
    },
  };
}

export async function waitFor<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const seen = await look();
    if (wanted(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`it stayed at ${JSON.stringify(seen)}`);
    await sleep(10);
  }
}

export const inService = ({ InferenceComponentStatus }: { InferenceComponentStatus?: string | undefined }) =>
  InferenceComponentStatus === "InService";
