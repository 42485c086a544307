/** The one table of simulators: a new AWS service is one folder and one row here. */
import { createApiGatewaySimulator } from "./api-gateway/simulator.ts";
import { createApplicationAutoScalingSimulator } from "./application-autoscaling/simulator.ts";
import { createCloudFormationSimulator } from "./cloudformation/simulator.ts";
import type { StackView } from "./cloudformation/stack-view.ts";
import { createCloudWatchSimulator } from "./cloudwatch/simulator.ts";
import { createDynamoDbSimulator } from "./dynamodb/simulator.ts";
import type { createEc2Simulator } from "./ec2/simulator.ts";
import { createElastiCacheSimulator } from "./elasticache/simulator.ts";
import { createEventsSimulator } from "./events/simulator.ts";
import type { createIamSimulator } from "./iam/simulator.ts";
import { deliverLogEvents } from "./lambda/deliver-log-events.ts";
import type { LambdaOptions } from "./lambda/options.ts";
import { createLambdaSimulator } from "./lambda/simulator.ts";
import { incomingBytes } from "./logs/incoming-bytes.ts";
import { createLogsSimulator } from "./logs/simulator.ts";
import type { SubscriptionTarget } from "./logs/subscription-filters.ts";
import { createS3Simulator } from "./s3/simulator.ts";
import type { ContainerCommand } from "./sagemaker/container/command.ts";
import type { SageMakerOptions } from "./sagemaker/options.ts";
import { createSageMakerSimulator } from "./sagemaker/simulator.ts";
import { createSecretsManagerSimulator } from "./secrets-manager/simulator.ts";
import type { LogSink, Simulator, SimulatorContext } from "./simulator.ts";

export interface Simulators {
  readonly lambda: ReturnType<typeof createLambdaSimulator>;
  readonly apiGateway: ReturnType<typeof createApiGatewaySimulator>;
  /** All of them, those first that others lean on. */
  readonly all: readonly Simulator[];
}

export interface SimulatorOptions {
  /** Made before the others: the endpoint, whose address they get, asks it who calls. */
  readonly iam: ReturnType<typeof createIamSimulator>;
  /** Made as early: the endpoint asks it what reaches a service. */
  readonly ec2: ReturnType<typeof createEc2Simulator>;
  readonly stacks: StackView;
  /** Below it lies what runs: copies of code, sandboxes. Outside the repository. */
  readonly workDirectory: string;
  readonly lambdaOptions?: Partial<LambdaOptions>;
  readonly gpu?: GpuOptions;
  /** `redis://host:port` of a running Valkey or Redis. */
  readonly cacheServerUrl?: string | undefined;
}

export interface GpuOptions {
  /** What runs in place of the images of SageMaker's containers. */
  readonly container?: ContainerCommand;
  /** What differs from the defaults: times of a wake-up, limits. */
  readonly hosting?: Partial<SageMakerOptions>;
}

export function createSimulators(
  context: SimulatorContext,
  { iam, ec2, stacks, workDirectory, lambdaOptions, gpu, cacheServerUrl }: SimulatorOptions,
): Simulators {
  const subscriptionTarget: SubscriptionTarget = {
    deliver: (...delivery) => deliverLogEvents(context.accountId, lambda, ...delivery),
  };
  const logs = createLogsSimulator(context, subscriptionTarget);
  const logSink: LogSink = {
    append(logGroup, logStream, line) {
      logs.append(logGroup, logStream, line);
      cloudwatch.recordMetric(incomingBytes(logGroup, line, context.clock()));
      context.emit({ type: "log", logGroup, logStream, line });
    },
  };
  const cloudwatch = createCloudWatchSimulator(context);
  const elasticache = createElastiCacheSimulator(
    { ...context, stateDirectory: workDirectory },
    { access: iam, network: ec2, metrics: cloudwatch, serverUrl: cacheServerUrl },
  );
  const lambda = createLambdaSimulator(
    { ...context, stateDirectory: workDirectory },
    {
      access: iam,
      logs: logSink,
      metrics: cloudwatch,
      certificateFile: elasticache.certificateFile,
      ...(lambdaOptions && { options: lambdaOptions }),
    },
  );
  const apiGateway = createApiGatewaySimulator(context, { functions: lambda, logs: logSink });
  const sagemaker = createSageMakerSimulator(
    { ...context, stateDirectory: workDirectory },
    {
      access: iam,
      logs: logSink,
      metrics: cloudwatch,
      alarms: cloudwatch,
      ...(gpu?.container && { container: gpu.container }),
      ...(gpu?.hosting && { options: gpu.hosting }),
    },
  );
  return {
    lambda,
    apiGateway,
    all: [
      iam,
      ec2,
      logs,
      cloudwatch,
      createS3Simulator(context, { access: iam, metrics: cloudwatch }),
      createDynamoDbSimulator(context, { metrics: cloudwatch }),
      createSecretsManagerSimulator(context),
      elasticache,
      createCloudFormationSimulator(context, { view: stacks }),
      sagemaker,
      createApplicationAutoScalingSimulator(context, { metrics: cloudwatch, scalable: sagemaker.scalable }),
      lambda,
      createEventsSimulator(context, { functions: lambda }),
      logs.subscriptions,
      apiGateway,
    ],
  };
}
