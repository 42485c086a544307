import { physicalName } from "../physical-name.ts";
import type { ResourceBehaviour, SimulatorContext } from "../simulator.ts";
import { type CodeDirectories, requireDirectory } from "./code-directories.ts";
import { functionArn, parseFunctionReference } from "./function-arn.ts";
import { FUNCTION_PROPERTIES, IGNORED_FUNCTION_PROPERTIES, readFunctionVersion } from "./function-resource.ts";
import type { FunctionStore } from "./functions.ts";
import { ASYNCHRONOUS_RETRIES, MAX_EVENT_AGE_SECONDS } from "./limits.ts";
import {
  readAlias,
  readCapacityProvider,
  readEventInvokeConfig,
  readLayer,
  readPermission,
  readVersion,
} from "./resource-properties.ts";
import { VersionPool } from "./version-pool.ts";

const MAX_LAYER_NAME_LENGTH = 140;

/** Every resource type of Lambda that has a meaning here. */
export function lambdaResources(
  context: Pick<SimulatorContext, "accountId" | "region" | "assetDirectory" | "clock" | "emit">,
  functions: FunctionStore,
  directories: CodeDirectories,
): Readonly<Record<string, ResourceBehaviour>> {
  const layers = new Map<string, string>();
  const layerDirectoryOf = (arn: string): string => {
    const directory = layers.get(arn);
    if (directory === undefined)
      throw new Error(`There is no layer ${arn} in the templates; others cannot be fetched here.`);
    return directory;
  };

  return {
    "AWS::Lambda::Function": {
      honoured: FUNCTION_PROPERTIES,
      ignored: IGNORED_FUNCTION_PROPERTIES,
      async create(resource) {
        const { version, reservedConcurrency } = await readFunctionVersion(
          resource,
          context,
          directories,
          layerDirectoryOf,
        );
        functions.add(version, {
          reservedConcurrency,
          asynchronous: { retries: ASYNCHRONOUS_RETRIES.default, maxEventAgeSeconds: MAX_EVENT_AGE_SECONDS.default },
        });
        return { ref: version.functionName, attributes: { Arn: version.functionArn } };
      },
    },

    "AWS::Lambda::CapacityProvider": {
      honoured: ["CapacityProviderName"],
      ignored: {
        CapacityProviderScalingConfig: "this machine is the one instance",
        InstanceRequirements: "the instance is this machine",
        KmsKeyArn: "nothing is encrypted at rest here",
        PermissionsConfig: "no EC2 instances are started here",
        PropagateTags: "no policy here compares tags",
        Tags: "no policy here compares tags",
        TelemetryConfig: "there are no system logs of instances here",
        VpcConfig: "the instance is on this machine's network",
      },
      async create(resource) {
        const name = readCapacityProvider(resource).CapacityProviderName ?? physicalName(resource, { maxLength: 64 });
        const arn = `arn:aws:lambda:${context.region}:${context.accountId}:capacity-provider:${name}`;
        return { ref: name, attributes: { Arn: arn, State: "Active" } };
      },
    },

    "AWS::Lambda::LayerVersion": {
      honoured: ["Content", "LayerName"],
      ignored: {
        CompatibleArchitectures: "advice for people; the CPU is this machine's",
        CompatibleRuntimes: "advice for people",
        Description: "text for people",
        LicenseInfo: "text for people",
      },
      async create(resource) {
        const { Content, LayerName } = readLayer(resource);
        const name = LayerName ?? physicalName(resource, { maxLength: MAX_LAYER_NAME_LENGTH });
        const arn = `arn:aws:lambda:${context.region}:${context.accountId}:layer:${name}:1`;
        const directory = context.assetDirectory(Content.S3Bucket, Content.S3Key);
        layers.set(arn, requireDirectory(directory, `${resource.stack}/${resource.logicalId}: Content`));
        return { ref: arn, attributes: { LayerVersionArn: arn } };
      },
    },

    "AWS::Lambda::Version": {
      honoured: ["Description", "FunctionName", "ProvisionedConcurrencyConfig"],
      ignored: { CodeSha256: "the code is what the template's asset holds" },
      async create(resource) {
        const { FunctionName, Description, ProvisionedConcurrencyConfig } = readVersion(resource);
        const { function: owner } = functions.named(FunctionName);
        const version = String(owner.published.size + 1);
        const description = Description ?? owner.latest.version.description;
        const pool = new VersionPool({ ...owner.latest.version, version, description });
        pool.provisioned = ProvisionedConcurrencyConfig?.ProvisionedConcurrentExecutions ?? 0;
        owner.published.set(version, pool);
        const arn = functionArn(context, owner.name, version);
        return { ref: arn, attributes: { FunctionArn: arn, Version: version } };
      },
    },

    "AWS::Lambda::Alias": {
      honoured: ["FunctionName", "FunctionVersion", "Name", "ProvisionedConcurrencyConfig", "RoutingConfig"],
      ignored: { Description: "text for people" },
      async create(resource) {
        const { FunctionName, FunctionVersion, Name, ProvisionedConcurrencyConfig, RoutingConfig } =
          readAlias(resource);
        const { function: owner } = functions.named(FunctionName);
        const version = parseFunctionReference(FunctionVersion)?.qualifier ?? FunctionVersion;
        const weights = new Map(
          (RoutingConfig?.AdditionalVersionWeights ?? []).map((each) => [each.FunctionVersion, each.FunctionWeight]),
        );
        for (const wanted of [version, ...weights.keys()]) {
          if (owner.published.has(wanted)) continue;
          const known = [...owner.published.keys()].join(", ") || "none";
          throw new Error(`Alias ${Name} of ${owner.name} names version ${wanted}; published are: ${known}.`);
        }
        owner.aliases.set(Name, { version, weights });
        const pool = owner.published.get(version);
        const provisioned = ProvisionedConcurrencyConfig?.ProvisionedConcurrentExecutions;
        if (pool !== undefined && provisioned !== undefined) pool.provisioned = Math.max(pool.provisioned, provisioned);
        const arn = functionArn(context, owner.name, Name);
        return { ref: arn, attributes: { AliasArn: arn } };
      },
    },

    "AWS::Lambda::Permission": {
      honoured: ["Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"],
      async create(resource) {
        const { Action, FunctionName, Principal, SourceAccount, SourceArn } = readPermission(resource);
        const { function: owner, qualifier } = functions.named(FunctionName);
        owner.policy.push({
          action: Action,
          principal: Principal,
          ...(qualifier === undefined ? {} : { qualifier }),
          ...(SourceArn === undefined ? {} : { sourceArn: SourceArn }),
          ...(SourceAccount === undefined ? {} : { sourceAccount: SourceAccount }),
        });
        return { ref: physicalName(resource, { maxLength: 100 }) };
      },
    },

    "AWS::Lambda::EventInvokeConfig": {
      honoured: ["FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier"],
      async create(resource) {
        const { FunctionName, MaximumEventAgeInSeconds, MaximumRetryAttempts } = readEventInvokeConfig(resource);
        const { function: owner } = functions.named(FunctionName);
        owner.asynchronous.retries = MaximumRetryAttempts;
        owner.asynchronous.maxEventAgeSeconds = MaximumEventAgeInSeconds;
        return { ref: physicalName(resource, { maxLength: 100 }) };
      },
    },
  };
}
