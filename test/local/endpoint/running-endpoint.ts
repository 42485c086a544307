import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEc2Simulator } from "../../../local/ec2/simulator.ts";
import { createAwsEndpoint } from "../../../local/endpoint/aws-endpoint.ts";
import type { LocalAccessControl } from "../../../local/iam/access-control.ts";
import { OPERATOR_CREDENTIALS } from "../../../local/iam/operator.ts";
import { createIamSimulator } from "../../../local/iam/simulator.ts";
import type {
  AwsService,
  CreatedResource,
  Network,
  PlatformEvent,
  ResolvedResource,
  Simulator,
  SimulatorContext,
} from "../../../local/simulator.ts";

export const ACCOUNT_ID = "123456789012";
export const REGION = "us-east-1";

/** A real endpoint on a free port with IAM and the simulators under test; everything an AWS SDK client needs. */
export interface RunningEndpoint {
  readonly url: string;
  readonly context: SimulatorContext;
  readonly access: LocalAccessControl;
  readonly events: PlatformEvent[];
  /** Configuration of a client that acts as the operator. */
  readonly asOperator: ClientConfiguration;
  /** Configuration of a client that acts as a role with these statements. */
  asRole(statements: readonly object[], name?: string): Promise<ClientConfiguration>;
  create(type: string, logicalId: string, properties: Record<string, unknown>): Promise<CreatedResource>;
  stop(): Promise<void>;
}

export interface ClientConfiguration {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly maxAttempts: number;
}

export interface EndpointOptions {
  readonly stateDirectory?: string;
  readonly clock?: () => number;
  /** For the endpoint's own check of signatures' times. */
  readonly endpointClock?: () => number;
}

export async function startEndpoint(
  make: (context: SimulatorContext, access: LocalAccessControl, network: Network) => readonly Simulator[],
  options: EndpointOptions = {},
): Promise<RunningEndpoint> {
  const stateDirectory = options.stateDirectory ?? mkdtempSync(join(tmpdir(), "farthing-test-"));
  const events: PlatformEvent[] = [];
  const services: AwsService[] = [];
  let url = "";
  const context: SimulatorContext = {
    environment: "local",
    region: REGION,
    accountId: ACCOUNT_ID,
    stateDirectory,
    assetDirectory: () => stateDirectory,
    get awsEndpointUrl() {
      return url;
    },
    clock: options.clock ?? Date.now,
    emit: (event) => events.push(event),
  };
  const iam = createIamSimulator(context);
  const ec2 = createEc2Simulator(context);
  const endpoint = createAwsEndpoint({
    access: iam,
    network: ec2,
    services,
    emit: context.emit,
    ...(options.endpointClock === undefined ? {} : { clock: options.endpointClock }),
  });
  url = await endpoint.listen(0);
  const simulators = [iam, ec2, ...make(context, iam, ec2)];
  services.push(...simulators.flatMap(({ service }) => service ?? []));
  const stop = async () => {
    for (const simulator of [...simulators].reverse()) await simulator.stop?.();
    await endpoint.close();
    if (options.stateDirectory === undefined) rmSync(stateDirectory, { recursive: true, force: true });
  };
  try {
    for (const simulator of simulators) await simulator.start?.();
  } catch (error) {
    await stop();
    throw error;
  }

  const create = async (type: string, logicalId: string, properties: Record<string, unknown>) => {
    const resource: ResolvedResource = { stack: "test", logicalId, type, properties };
    const behaviour = simulators.map(({ resources }) => resources[type]).find((found) => found !== undefined);
    if (behaviour === undefined) throw new Error(`no simulator of ${type}`);
    return behaviour.create(resource);
  };
  const configuration = (credentials: ClientConfiguration["credentials"]): ClientConfiguration => ({
    endpoint: url,
    region: REGION,
    credentials,
    maxAttempts: 1,
  });
  let roles = 0;
  return {
    url,
    context,
    access: iam,
    events,
    asOperator: configuration({
      accessKeyId: OPERATOR_CREDENTIALS.accessKeyId,
      secretAccessKey: OPERATOR_CREDENTIALS.secretAccessKey,
    }),
    async asRole(statements, name = `role-${++roles}`) {
      await create("AWS::IAM::Role", name, {
        RoleName: name,
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
        },
        ...(statements.length === 0
          ? {}
          : {
              Policies: [{ PolicyName: "Inline", PolicyDocument: { Version: "2012-10-17", Statement: statements } }],
            }),
      });
      return configuration({ ...iam.assumeRole(`arn:aws:iam::${ACCOUNT_ID}:role/${name}`, "session") });
    },
    create,
    stop,
  };
}
