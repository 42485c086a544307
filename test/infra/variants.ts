/** What the tests of infra/ synthesise: every environment of farthing.config.ts, and one that switches everything on. */
import config from "../../farthing.config.ts";
import { type EnvironmentConfig, type EnvironmentName, parseConfig } from "../../infra/config.ts";

export interface Variant {
  readonly name: string;
  readonly environment: EnvironmentName;
  readonly config: EnvironmentConfig;
}

const { environments } = parseConfig(config);

const asConfigured: readonly Variant[] = Object.entries(environments).flatMap(([name, environment]) =>
  environment === undefined ? [] : [{ name, environment: name as EnvironmentName, config: environment }],
);

/** An account of its own, a custom domain, both architectures, a group in the router, reserved concurrency. */
const everything: Variant = {
  name: "everything",
  environment: "prod",
  config: parseConfig({
    environments: {
      prod: {
        account: "111122223333",
        region: "eu-central-1",
        versionedModels: true,
        waf: { requestsPerFiveMinutes: 1000 },
        alarms: { topicArn: "arn:aws:sns:eu-central-1:111122223333:pager" },
        accountLogRole: false,
        domain: {
          domainName: "api.example.com",
          certificateArn: "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab",
        },
        router: { architecture: "arm64", holds: "tiny", reservedConcurrency: 50 },
        modelGroups: [
          { name: "tiny", models: ["digits"], preload: ["digits"] },
          { name: "text", memoryMb: 3008, models: ["sentences", "glossary"], reservedConcurrency: 10 },
          { name: "spare", architecture: "arm64" },
        ],
        tags: { owner: "platform" },
      },
    },
  }).environments.prod as EnvironmentConfig,
};

/** A group on instances of its own, beside one on demand. */
const instances: Variant = {
  name: "instances",
  environment: "prod",
  config: parseConfig({
    environments: {
      prod: {
        accountLogRole: false,
        modelGroups: [
          {
            name: "steady",
            memoryMb: 4096,
            architecture: "arm64",
            models: ["digits"],
            placement: {
              kind: "managed-instances",
              instanceTypes: ["m7g.xlarge", "c7g.xlarge"],
              maxEnvironments: 9,
              targetUtilization: 60,
              network: { subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
            },
          },
          { name: "rare", models: ["sentences"] },
        ],
      },
    },
  }).environments.prod as EnvironmentConfig,
};

export const VARIANTS: readonly Variant[] = [...asConfigured, everything, instances];
export const DEPLOYED = VARIANTS.filter(({ environment }) => environment !== "local" && environment !== "onprem");
