/** The CDK app of one environment: three stacks, from what lasts to what is replaced most easily. */
import { App, Tags } from "aws-cdk-lib/core";
import type { EnvironmentConfig, EnvironmentName } from "./config.ts";
import { FEATURE_FLAGS } from "./feature-flags.ts";
import { ApiStack } from "./stacks/api-stack.ts";
import { DataStack } from "./stacks/data-stack.ts";
import { type BuildContext, ModelsStack } from "./stacks/models-stack.ts";

export interface FarthingAppProps {
  readonly environment: EnvironmentName;
  readonly config: EnvironmentConfig;
  readonly build: BuildContext;
  /** Whether the CDK's CloudFormation rules are checked: two seconds, and errors end the synthesis. */
  readonly validate: boolean;
  /** Where the cloud assembly goes. Default: CDK_OUTDIR, else a temporary folder. */
  readonly outdir?: string;
  /** More context for the CDK. Default: none. */
  readonly context?: Readonly<Record<string, unknown>>;
}

export function farthingApp({ environment, config, build, validate, outdir, context }: FarthingAppProps): App {
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
  const models = new ModelsStack(app, name("models"), {
    ...stackProps,
    terminationProtection: false,
    description: `Farthing ${environment}: serving functions`,
    environment,
    config,
    state: data.state,
    build,
  });
  const api = new ApiStack(app, name("api"), {
    ...stackProps,
    terminationProtection: false,
    description: `Farthing ${environment}: HTTPS API`,
    environment,
    config,
  });
  models.addStackDependency(data);
  api.addStackDependency(models);
  for (const [key, value] of Object.entries({ "farthing:environment": environment, ...config.tags })) {
    Tags.of(app).add(key, value);
  }
  return app;
}
