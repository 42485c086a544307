/** The CDK app of one environment: four stacks, from what lasts to what is replaced most easily, and one more where it has GPUs. */
import { App, Tags } from "aws-cdk-lib/core";
import type { CostRates } from "../core/pricing/request-cost.ts";
import type { EnvironmentConfig, EnvironmentName } from "./config.ts";
import type { Decisions } from "./decisions.ts";
import { endpointRoutes } from "./endpoint-routes.ts";
import { FEATURE_FLAGS } from "./feature-flags.ts";
import { plannedFunctions } from "./planned-functions.ts";
import { ApiStack } from "./stacks/api-stack.ts";
import { CacheStack } from "./stacks/cache-stack.ts";
import { DataStack } from "./stacks/data-stack.ts";
import { EndpointsStack } from "./stacks/endpoints-stack.ts";
import { type BuildContext, ModelsStack } from "./stacks/models-stack.ts";
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
  const cache =
    config.cache &&
    new CacheStack(app, name("cache"), {
      ...stackProps,
      terminationProtection: false,
      description: `Farthing ${environment}: answers that are kept`,
      environment,
      options: config.cache,
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
    endpoints: endpointRoutes(environment, config.endpoints, decisions.cards),
    cache: cache?.address,
    upstreams: upstreamRoutes(environment, config.upstreams),
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
  models.addStackDependency(data);
  if (cache !== undefined) models.addStackDependency(cache);
  usage.addStackDependency(models);
  api.addStackDependency(models);
  for (const [key, value] of Object.entries({ "farthing:environment": environment, ...config.tags })) {
    Tags.of(app).add(key, value);
  }
  return app;
}
