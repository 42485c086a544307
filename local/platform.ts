/** The synthesised stacks, running on this machine. Composition only: every behaviour is a simulator's. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { AssetCopies } from "./assembly/assets.ts";
import { changedFunctions } from "./assembly/changed-functions.ts";
import { type CloudAssembly, readCloudAssembly } from "./assembly/cloud-assembly.ts";
import { Deployment } from "./assembly/deployment.ts";
import { addressOf } from "./assembly/deployment-order.ts";
import type { StackDescription } from "./cloudformation/stack-view.ts";
import { createAwsEndpoint } from "./endpoint/aws-endpoint.ts";
import { OPERATOR_CREDENTIALS } from "./iam/operator.ts";
import type { Credentials, PlatformEvent, SimulatorContext } from "./simulator.ts";
import { createSimulators } from "./simulators.ts";

export interface PlatformOptions {
  /** Output of the CDK app. */
  readonly assemblyDirectory: string;
  /** What lasts between runs: objects, tables, logs. */
  readonly stateDirectory: string;
  readonly environment: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly emit: (event: PlatformEvent) => void;
  readonly clock: () => number;
}

export interface Platform {
  /** Where customers call. */
  readonly apiUrl: string;
  /** Where the AWS SDK calls (`AWS_ENDPOINT_URL`). */
  readonly awsEndpointUrl: string;
  readonly region: string;
  readonly operatorCredentials: Credentials;
  stacks(): readonly StackDescription[];
  /** Takes the code of a newer assembly over; answers what else changed and needs a new start. */
  reload(assemblyDirectory: string): Promise<{ readonly replaced: readonly string[]; readonly needsRestart: boolean }>;
  /** Leaves no process, socket or timer behind. */
  stop(): Promise<void>;
}

/** An account that AWS uses in its examples and gives to nobody. */
const ACCOUNT_ID = "123456789012";
const REGION = "us-east-1";

/** Rejects with an Error in words when the port is taken or a resource cannot come to life; nothing is left running then. */
export async function createPlatform(options: PlatformOptions): Promise<Platform> {
  const { emit } = options;
  const stateDirectory = resolve(options.stateDirectory);
  mkdirSync(stateDirectory, { recursive: true });
  const workDirectory = workDirectoryOf(stateDirectory);
  let assembly = readCloudAssembly(options.assemblyDirectory);
  const assets = new AssetCopies(join(workDirectory, "assets"), assembly.assets);
  const deployment = new Deployment(assembly, { accountId: ACCOUNT_ID, region: REGION }, options.clock());

  const services: NonNullable<ReturnType<typeof createSimulators>["all"][number]["service"]>[] = [];
  const context: SimulatorContext = {
    environment: options.environment,
    region: REGION,
    accountId: ACCOUNT_ID,
    stateDirectory,
    assetDirectory: (_bucket, key) => assets.path(key),
    awsEndpointUrl: "",
    clock: options.clock,
    emit,
  };
  return start();

  async function start(): Promise<Platform> {
    const closers: (() => Promise<void>)[] = [];
    const stop = async () => {
      for (const close of closers.splice(0).reverse()) await close();
    };
    try {
      const access = { current: undefined as ReturnType<typeof createSimulators>["iam"] | undefined };
      const endpoint = createAwsEndpoint({
        access: {
          callerOf: (id) => access.current?.callerOf(id),
          credentialsOf: (id) => access.current?.credentialsOf(id),
          evaluate: (caller, permission) =>
            access.current?.evaluate(caller, permission) ?? { allowed: false, message: "the platform is starting" },
        },
        services,
        emit,
      });
      const awsEndpointUrl = await endpoint.listen(0);
      closers.push(() => endpoint.close());

      const simulators = createSimulators({ ...context, awsEndpointUrl }, { stacks: deployment, workDirectory });
      access.current = simulators.iam;
      for (const simulator of simulators.all) {
        if (simulator.service) services.push(simulator.service);
        closers.push(async () => simulator.stop?.());
      }
      emit({ type: "progress", step: "resources", detail: `${assembly.stacks.length} stacks` });
      const behaviours = new Map(simulators.all.flatMap(({ resources }) => Object.entries(resources)));
      await deployment.create(behaviours, emit);
      for (const simulator of simulators.all) await simulator.start?.();
      const apiUrl = await simulators.apiGateway.listen(options.port);
      return {
        apiUrl,
        awsEndpointUrl,
        region: REGION,
        operatorCredentials: OPERATOR_CREDENTIALS,
        stacks: () => deployment.stacks(),
        reload: (directory) => reload(readCloudAssembly(directory), simulators.lambda),
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  }

  async function reload(
    next: CloudAssembly,
    lambda: ReturnType<typeof createSimulators>["lambda"],
  ): ReturnType<Platform["reload"]> {
    const { functions, needsRestart } = changedFunctions(assembly, next);
    assets.renew(next.assets);
    assembly = next;
    const physical = new Map(
      deployment
        .stacks()
        .flatMap(({ name, resources }) =>
          resources.map(({ logicalId, physicalId }) => [addressOf(name, logicalId), physicalId] as const),
        ),
    );
    const replaced: string[] = [];
    for (const { address, assetKey } of functions) {
      const name = physical.get(address);
      if (name === undefined) continue;
      await lambda.replaceCode(name, assets.path(assetKey));
      replaced.push(name);
    }
    return { replaced, needsRestart };
  }
}

/** Outside the repository, the same for the same state: bundles must not find its packages, and a warm start copies nothing. */
function workDirectoryOf(stateDirectory: string): string {
  const name = createHash("sha256").update(stateDirectory).digest("hex").slice(0, 16);
  const directory = join(tmpdir(), `farthing-${userInfo().uid}`, name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}
