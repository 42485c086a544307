/** The one table of simulators: a new AWS service is one folder and one row here. */
import { createApiGatewaySimulator } from "./api-gateway/simulator.ts";
import { createCloudFormationSimulator } from "./cloudformation/simulator.ts";
import type { StackView } from "./cloudformation/stack-view.ts";
import { createCloudWatchSimulator } from "./cloudwatch/simulator.ts";
import { createDynamoDbSimulator } from "./dynamodb/simulator.ts";
import type { createIamSimulator } from "./iam/simulator.ts";
import { createLambdaSimulator } from "./lambda/simulator.ts";
import { createLogsSimulator } from "./logs/simulator.ts";
import { createS3Simulator } from "./s3/simulator.ts";
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
  readonly stacks: StackView;
  /** Below it lies what runs: copies of code, sandboxes. Outside the repository. */
  readonly workDirectory: string;
}

export function createSimulators(
  context: SimulatorContext,
  { iam, stacks, workDirectory }: SimulatorOptions,
): Simulators {
  const logs = createLogsSimulator(context);
  const logSink: LogSink = {
    append(logGroup, logStream, line) {
      logs.append(logGroup, logStream, line);
      context.emit({ type: "log", logGroup, logStream, line });
    },
  };
  const cloudwatch = createCloudWatchSimulator(context);
  const lambda = createLambdaSimulator(
    { ...context, stateDirectory: workDirectory },
    { access: iam, logs: logSink, metrics: cloudwatch },
  );
  const apiGateway = createApiGatewaySimulator(context, { functions: lambda, logs: logSink });
  return {
    lambda,
    apiGateway,
    all: [
      iam,
      logs,
      cloudwatch,
      createS3Simulator(context, { access: iam }),
      createDynamoDbSimulator(context),
      createCloudFormationSimulator(context, { view: stacks }),
      lambda,
      apiGateway,
    ],
  };
}
