/** The serving functions: one for each model group, and the router, which may hold a group itself. */
import { join } from "node:path";
import { Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { CompleteProvisioning } from "../../core/planner/plan-from-prices.ts";
import type { CostRates } from "../../core/pricing/request-cost.ts";
import type { ModelGroupConfig } from "../config.ts";
import { FunctionAlarms } from "../constructs/alarms/function-alarms.ts";
import { bundleFunction } from "../constructs/function-bundle/function-bundle.ts";
import { ManagedCapacity } from "../constructs/managed-capacity/managed-capacity.ts";
import { type LayerPlatform, OnnxRuntimeLayer } from "../constructs/onnxruntime-layer/onnxruntime-layer.ts";
import {
  type FunctionInstances,
  type FunctionSize,
  type HeldGroup,
  ServingFunction,
  type ServingState,
} from "../constructs/serving-function/serving-function.ts";
import type { EndpointRoute } from "../endpoint-routes.ts";
import type { NetworkPlace } from "../network-place.ts";
import { MANAGED_INSTANCES, workersOf } from "../placement.ts";
import type { PlannedConfig } from "../planned-functions.ts";
import type { UpstreamRoute } from "../upstream-routes.ts";
import type { CacheAddress } from "./cache-stack.ts";
import { operationsOf } from "./operations.ts";

/** Where the app builds, and for which machine `architecture: "host"` stands. */
export interface BuildContext {
  /** Absolute path of the repository. */
  readonly root: string;
  /** The serving handler's file, relative to `root`. */
  readonly servingEntry: string;
  /** Absolute; bundles and layers are kept there between syntheses. */
  readonly buildDirectory: string;
  readonly host: LayerPlatform;
  /** Processors of that machine. */
  readonly hostCores: number;
  /** Where functions on instances keep models' files; a relative path is one below their temporary folder. */
  readonly modelCacheFolder: string;
}

export interface ModelsStackProps extends StackProps {
  readonly environment: string;
  readonly config: PlannedConfig;
  readonly state: ServingState;
  readonly build: BuildContext;
  /** Deployment → environments that are kept ready. */
  readonly provisioned: ReadonlyMap<string, CompleteProvisioning>;
  /** What the price book says of requests, for cards whose price follows the cost. */
  readonly costRates: CostRates | undefined;
  /** Models that the router reaches on GPU endpoints. */
  readonly endpoints: readonly EndpointRoute[];
  /** The cache that all functions share. */
  readonly cache: CacheAddress | undefined;
  /** Where that is, and so the functions. Undefined: at a public address. */
  readonly network: NetworkPlace | undefined;
  /** Servers that the router reaches by HTTP. */
  readonly upstreams: readonly UpstreamRoute[];
}

export class ModelsStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    {
      environment,
      config,
      state,
      build,
      provisioned,
      endpoints,
      cache,
      network,
      upstreams,
      costRates,
      ...props
    }: ModelsStackProps,
  ) {
    super(scope, id, props);
    const { router, modelGroups } = config;
    const layers = new Map<string, OnnxRuntimeLayer>();
    const held = ({ name, preload }: ModelGroupConfig, architecture: Architecture): HeldGroup => {
      const target = layerPlatform(architecture, build.host);
      const key = `${target.platform}-${target.arch}`;
      const layer = layers.get(key) ?? new OnnxRuntimeLayer(this, `OnnxRuntime-${key}`, { target, ...build });
      layers.set(key, layer);
      return { name, preload, layer };
    };
    const shared = {
      environment,
      bundle: bundleFunction(build.root, build.servingEntry, join(build.buildDirectory, "inference")),
      state,
      costRates,
      cache,
      network,
      heartbeatSeconds: config.heartbeatSeconds,
      operations: operationsOf(config),
    };
    const instances = ({ name, placement }: ModelGroupConfig, size: SizeOptions): FunctionInstances | undefined => {
      if (placement.kind !== "managed-instances") return undefined;
      const { arch } = functionSize(size, build.host);
      return {
        ...placement,
        workers: workersOf(placement, size.memoryMb, build.hostCores),
        maxEnvironments: placement.maxEnvironments,
        modelCache: { folder: build.modelCacheFolder, megabytes: placement.modelCacheMb },
        capacity: new ManagedCapacity(this, `Capacity-${name}`, {
          name: `farthing-${environment}-${name}`,
          arch,
          instanceTypes: placement.instanceTypes ?? MANAGED_INSTANCES.instanceTypes[arch === "arm64" ? arch : "x86_64"],
          maxVcpus: placement.maxVcpus,
          targetUtilization: placement.targetUtilization,
          network: placement.network,
        }),
      };
    };
    const remote = new Map<string, ServingFunction>();
    for (const group of modelGroups.filter(({ name }) => name !== router.holds)) {
      const holder = new ServingFunction(this, `Group-${group.name}`, {
        ...shared,
        deployment: group.name,
        description: `Holds the models of group ${group.name}`,
        size: functionSize(group, build.host),
        holds: held(group, group.architecture),
        instances: instances(group, group),
        provisioned: provisioned.get(group.name),
      });
      remote.set(group.name, holder);
    }
    const own = modelGroups.find(({ name }) => name === router.holds);
    const routerFunction = new ServingFunction(this, "Router", {
      ...shared,
      deployment: "router",
      description: own === undefined ? "Forwards to the model groups" : `Forwards, and holds group ${own.name}`,
      size: functionSize(router, build.host),
      holds: own && held(own, router.architecture),
      instances: own && instances(own, router),
      provisioned: provisioned.get("router"),
      forwardsTo: remote,
      endpoints,
      upstreams,
      webhookReceivers: config.webhookReceivers,
    });
    if (config.alarms === false) return;
    for (const servingFunction of [routerFunction, ...remote.values()]) {
      new FunctionAlarms(servingFunction, "Alarms", { servingFunction, topicArn: config.alarms.topicArn });
    }
  }
}

type Architecture = ModelGroupConfig["architecture"];

type SizeOptions = Omit<FunctionSize, "arch"> & { readonly architecture: Architecture };

const functionSize = (options: SizeOptions, host: LayerPlatform): FunctionSize => ({
  memoryMb: options.memoryMb,
  arch: layerPlatform(options.architecture, host).arch === "arm64" ? "arm64" : "x64",
  timeoutSeconds: options.timeoutSeconds,
  reservedConcurrency: options.reservedConcurrency,
});

/** Lambda is Linux; `host` is whatever runs this. */
function layerPlatform(architecture: Architecture, host: LayerPlatform): LayerPlatform {
  if (architecture === "host") return host;
  return { platform: "linux", arch: architecture === "arm64" ? "arm64" : "x64" };
}
