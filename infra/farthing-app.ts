/**
 * The CDK app of one environment: four stacks, from what lasts to what is replaced most easily, and one more each for GPUs, a cache,
 * its governor, and the network of one without a public address.
 */
import { App, Tags } from "aws-cdk-lib/core";
import type { CostRates } from "../core/pricing/request-cost.ts";
import type { EnvironmentConfig, EnvironmentName } from "./config.ts";
import type { Decisions } from "./decisions.ts";
import { endpointRoutes } from "./endpoint-routes.ts";
import { FEATURE_FLAGS } from "./feature-flags.ts";
import { networkNeeds } from "./network-needs.ts";
import { plannedCache } from "./planned-cache.ts";
import { plannedFunctions } from "./planned-functions.ts";
import { ApiStack } from "./stacks/api-stack.ts";
import { CacheStack } from "./stacks/cache-stack.ts";
import { DataStack } from "./stacks/data-stack.ts";
import { EndpointsStack } from "./stacks/endpoints-stack.ts";
import { GovernorStack } from "./stacks/governor-stack.ts";
import { type BuildContext, ModelsStack } from "./stacks/models-stack.ts";
import { NetworkStack } from "./stacks/network-stack.ts";
import { UsageStack } from "./stacks/usage-stack.ts";
import { upstreamRoutes } from "./upstream-routes.ts";

export interface FarthingAppProps {
  readonly environment: EnvironmentName;
  readonly config: EnvironmentConfig;
  readonly build: BuildContext;
  readonly decisions: Decisions;
  /** What the price book says of requests. Default: nothing, and cards whose price follows the cost are not served. */
  readonly costRates?: CostRates;
  /** Whether the CDK's CloudFormation rules are checked: two seconds, and errors end the synthesis. */
  readonly validate: boolean;
  /** Where the cloud assembly goes. Default: CDK_OUTDIR, else a temporary folder. */
  readonly outdir?: string;
  /** More context for the CDK. Default: none. */
  readonly context?: Readonly<Record<string, unknown>>;
}

export function farthingApp(props: FarthingAppProps): App {
  const { environment, build, decisions, validate, outdir, context } = props;
  const { config, provisioned } = plannedFunctions(props.config, decisions);
  const app = new App({
    context: { ...FEATURE_FLAGS, ...context },
    builtinCloudFormationValidation: validate,
    // No metadata resource: the templates are the same wherever they are made.
    analyticsReporting: false,
    autoSynth: false,
    ...(outdir !== undefined && { outdir }),
  });
  const stackProps = {
    env: {
      ...(config.account !== undefined && { account: config.account }),
      ...(config.region !== undefined && { region: config.region }),
    },
    terminationProtection: config.protectData,
  };
  const name = (part: string) => `farthing-${environment}-${part}`;
  const data = new DataStack(app, name("data"), {
    ...stackProps,
    description: `Farthing ${environment}: model files, registry, tenants`,
    environment,
    config,
  });
  const endpointsOfRouter = endpointRoutes(environment, config.endpoints, decisions.cards);
  const upstreams = upstreamRoutes(environment, config.upstreams);
  const network =
    config.cache?.network === "vpc"
      ? new NetworkStack(app, name("network"), {
          ...stackProps,
          terminationProtection: false,
          description: `Farthing ${environment}: network of cache and functions`,
          options: config.cache,
          environment,
          needs: networkNeeds(config),
          groups: config.modelGroups
            .filter((group) => group.name !== config.router.holds)
            .map((group) => ({ name: group.name, provisioned: provisioned.has(group.name) })),
          calls: { state: data.state, endpoints: endpointsOfRouter, upstreams },
        })
      : undefined;
  const cachePlan = config.cache && plannedCache(config.cache, decisions);
  const cache =
    cachePlan &&
    new CacheStack(app, name("cache"), {
      ...stackProps,
      terminationProtection: false,
      description: `Farthing ${environment}: answers that are kept`,
      environment,
      limits: cachePlan.limits,
      network: network?.cache,
    });
  const models = new ModelsStack(app, name("models"), {
    ...stackProps,
    terminationProtection: false,
    description: `Farthing ${environment}: serving functions`,
    environment,
    config,
    state: data.state,
    build,
    provisioned,
    costRates: props.costRates,
    endpoints: endpointsOfRouter,
    cache: cache?.address,
    network: network?.functions,
    upstreams,
  });
  const api = new ApiStack(app, name("api"), {
    ...stackProps,
    terminationProtection: false,
    description: `Farthing ${environment}: HTTPS API`,
    environment,
    config,
    provisioned,
  });
  const usage = new UsageStack(app, name("usage"), {
    ...stackProps,
    terminationProtection: false,
    description: `Farthing ${environment}: usage records`,
    environment,
    config,
    state: data.state,
    build,
    decisions,
  });
  if (config.endpoints.length > 0) {
    const endpoints = new EndpointsStack(app, name("endpoints"), {
      ...stackProps,
      terminationProtection: false,
      description: `Farthing ${environment}: GPU endpoints`,
      environment,
      config,
      decisions,
      state: data.state,
    });
    endpoints.addStackDependency(data);
  }
  if (cachePlan?.governed !== undefined) {
    const governor = new GovernorStack(app, name("governor"), {
      ...stackProps,
      terminationProtection: false,
      description: `Farthing ${environment}: limits by use and money`,
      environment,
      config,
      governed: cachePlan.governed,
      build,
    });
    if (cache !== undefined) governor.addStackDependency(cache);
  }
  if (network !== undefined) {
    network.addStackDependency(data);
    for (const stack of [models, ...(cache === undefined ? [] : [cache])]) stack.addStackDependency(network);
  }
  models.addStackDependency(data);
  if (cache !== undefined) models.addStackDependency(cache);
  usage.addStackDependency(models);
  api.addStackDependency(models);
  for (const [key, value] of Object.entries({ "farthing:environment": environment, ...config.tags })) {
    Tags.of(app).add(key, value);
  }
  return app;
}
