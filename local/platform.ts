/** The synthesised stacks, running on this machine. Composition only: every behaviour is a simulator's. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Door } from "./api-gateway/simulator.ts";
import { AssetCopies } from "./assembly/assets.ts";
import { changedFunctions } from "./assembly/changed-functions.ts";
import { readCloudAssembly } from "./assembly/cloud-assembly.ts";
import { Deployment } from "./assembly/deployment.ts";
import { createEc2Simulator } from "./ec2/simulator.ts";
import { createAwsEndpoint } from "./endpoint/aws-endpoint.ts";
import { OPERATOR_CREDENTIALS } from "./iam/operator.ts";
import { createIamSimulator } from "./iam/simulator.ts";
import type { LambdaOptions } from "./lambda/options.ts";
import type { AwsService, Credentials, PlatformEvent, SimulatorContext } from "./simulator.ts";
import { createSimulators, type GpuOptions } from "./simulators.ts";
import { workDirectoryOf } from "./work-directory.ts";

export interface PlatformOptions {
  /** Output of the CDK app. */
  readonly assemblyDirectory: string;
  /** What lasts between runs: objects, tables, logs. One platform at a time may use it. */
  readonly stateDirectory: string;
  readonly environment: string;
  /** Of the API; 0 takes a free one. */
  readonly port: number;
  /** Default: plain HTTP on the loopback interface. */
  readonly door?: Door;
  /**
   * Who serves that port: this process, as API Gateway does in front of functions, or the threads of the function that answers
   * most of it, where there is one that holds many requests at once (local/api-gateway/README.md). Default: process.
   */
  readonly servedBy?: "process" | "threads";
  /** What differs from this machine's defaults for functions. */
  readonly lambda?: Partial<LambdaOptions>;
  /** What stands in for GPU instances. Default: endpoints exist, and nothing runs on them. */
  readonly gpu?: GpuOptions;
  /** `redis://host:port` of a running Valkey or Redis for caches. Default: one is started where it is installed. */
  readonly cacheServerUrl?: string | undefined;
  readonly emit: (event: PlatformEvent) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export interface Platform {
  /** Where customers call. */
  readonly apiUrl: string;
  /** The same API in plain HTTP on the loopback interface. */
  readonly loopbackUrl: string;
  /** Where the AWS SDK calls (`AWS_ENDPOINT_URL`). */
  readonly awsEndpointUrl: string;
  readonly region: string;
  readonly operatorCredentials: Credentials;
  /** Takes the code of a newer assembly over; answers which functions got it, and whether more than code has changed. */
  reload(assemblyDirectory: string): Promise<{ readonly replaced: readonly string[]; readonly needsRestart: boolean }>;
  /** Leaves no process, socket or timer behind. */
  stop(): Promise<void>;
}

/** An account that AWS uses in its examples and gives to nobody. */
const ACCOUNT_ID = "123456789012";
const REGION = "us-east-1";

/** Rejects with an Error in words when the port is taken or a resource cannot come to life; nothing is left running then. */
export async function createPlatform(options: PlatformOptions): Promise<Platform> {
  const { environment, emit, clock } = options;
  const stateDirectory = resolve(options.stateDirectory);
  mkdirSync(stateDirectory, { recursive: true });
  const workDirectory = workDirectoryOf(stateDirectory);
  let assembly = readCloudAssembly(options.assemblyDirectory);
  const deployment = new Deployment(assembly, { accountId: ACCOUNT_ID, region: REGION }, clock());
  const assets = new AssetCopies(join(workDirectory, "assets"), assembly.assets);
  assets.removeOthers();

  const closers: (() => Promise<void> | undefined)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const base = { environment, region: REGION, accountId: ACCOUNT_ID, stateDirectory, clock, emit };
    const iam = createIamSimulator(base);
    const ec2 = createEc2Simulator(base);
    const services: AwsService[] = [];
    const endpoint = createAwsEndpoint({ access: iam, network: ec2, services, emit });
    const awsEndpointUrl = await endpoint.listen(0);
    closers.push(() => endpoint.close());

    const context: SimulatorContext = { ...base, awsEndpointUrl, assetDirectory: (_bucket, key) => assets.path(key) };
    const simulators = createSimulators(context, {
      iam,
      ec2,
      stacks: deployment,
      workDirectory,
      ...(options.lambda && { lambdaOptions: options.lambda }),
      ...(options.gpu && { gpu: options.gpu }),
      cacheServerUrl: options.cacheServerUrl,
    });
    for (const simulator of simulators.all) {
      if (simulator.service !== undefined) services.push(simulator.service);
      closers.push(() => simulator.stop?.());
    }
    await deployment.create(new Map(simulators.all.flatMap(({ resources }) => Object.entries(resources))), emit);
    emit({ type: "progress", step: "resources exist", detail: assembly.stacks.map(({ name }) => name).join(", ") });
    for (const simulator of simulators.all) await simulator.start?.();
    const { apiGateway } = simulators;
    const apiUrl =
      options.servedBy === "threads"
        ? await apiGateway.listenInThreads(options.port, options.door)
        : await apiGateway.listen(options.port, {}, options.door);
    const loopbackUrl = options.door === undefined ? apiUrl : await apiGateway.listen(0);

    return {
      apiUrl,
      loopbackUrl,
      awsEndpointUrl,
      region: REGION,
      operatorCredentials: OPERATOR_CREDENTIALS,
      stop,
      async reload(directory) {
        const next = readCloudAssembly(directory);
        const { functions, needsRestart } = changedFunctions(assembly, next);
        assets.renew(next.assets);
        const replaced: string[] = [];
        for (const { address, assetKey } of functions) {
          const name = deployment.physicalId(address);
          if (name === undefined) continue;
          await simulators.lambda.replaceCode(name, assets.path(assetKey));
          replaced.push(name);
        }
        assembly = next;
        return { replaced, needsRestart };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
