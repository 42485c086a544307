import { physicalName } from "../physical-name.ts";
import type { NetworkPlace, ResolvedResource, SimulatorContext } from "../simulator.ts";
import { type CodeDirectories, requireDirectory } from "./code-directories.ts";
import { refusedVariables } from "./environment-variables.ts";
import { functionArn } from "./function-arn.ts";
import type { FunctionVersion, LoggingConfiguration, ManagedInstances } from "./function-version.ts";
import { MANAGED_INSTANCES, MAX_ENVIRONMENT_BYTES } from "./limits.ts";
import { type FunctionProperties, readFunction } from "./resource-properties.ts";

export const FUNCTION_PROPERTIES = [
  "Architectures",
  "CapacityProviderConfig",
  "Code",
  "Description",
  "Environment",
  "FunctionName",
  "Handler",
  "Layers",
  "LoggingConfig",
  "MemorySize",
  "PackageType",
  "PublishToLatestPublished",
  "ReservedConcurrentExecutions",
  "Role",
  "Runtime",
  "Timeout",
  "TracingConfig",
  "VpcConfig",
] as const;

export const IGNORED_FUNCTION_PROPERTIES = {
  FunctionScalingConfig: "this machine is one instance: it runs one environment, whatever the number of instances",
  EphemeralStorage: "the disk below the state directory is as large as it is",
  KmsKeyArn: "variables are not encrypted at rest here",
  RecursiveLoop: "chains of calls are bounded by the local concurrency",
  RuntimeManagementConfig: "the runtime is the installed Node.js",
  Tags: "no policy here compares tags",
} as const;

const MAX_NAME_LENGTH = 64;
const SIMULATED_RUNTIME = "nodejs24.x";
const NODE_RUNTIME = /^nodejs\d+\.x$/;

/** `$LATEST` of the function that a resource describes. Throws an Error that names what AWS, or this machine, would not take. */
export async function readFunctionVersion(
  resource: ResolvedResource,
  context: Pick<SimulatorContext, "accountId" | "region" | "assetDirectory" | "clock" | "emit">,
  directories: CodeDirectories,
  layerDirectoryOf: (layerArn: string) => string,
): Promise<{ readonly version: FunctionVersion; readonly reservedConcurrency: number | undefined }> {
  const properties = readFunction(resource);
  const where = `${resource.stack}/${resource.logicalId}`;
  const functionName = properties.FunctionName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH });
  const { runtime, handler } = requireNode(properties, where);
  if (runtime !== SIMULATED_RUNTIME) {
    context.emit({ type: "warning", message: `${where}: ${runtime} runs with Node.js ${process.versions.node} here` });
  }
  const environment = properties.Environment?.Variables ?? {};
  checkEnvironment(environment, where);
  const version: FunctionVersion = {
    functionName,
    version: "$LATEST",
    functionArn: functionArn(context, functionName),
    roleArn: properties.Role,
    runtime,
    handler,
    description: properties.Description,
    architecture: properties.Architectures[0] ?? "x86_64",
    memoryMegabytes: properties.MemorySize,
    timeoutSeconds: properties.Timeout,
    environment,
    codeDirectory: await codeDirectory(properties.Code, functionName, where, context, directories),
    layerDirectory: await directories.layers(properties.Layers.map(layerDirectoryOf)),
    layerArns: properties.Layers,
    logging: loggingOf(properties.LoggingConfig, functionName),
    managedInstances: managedInstancesOf(properties, where),
    activeTracing: properties.TracingConfig?.Mode === "Active",
    network: networkOf(properties, where),
    lastModified: new Date(context.clock()).toISOString().replace("Z", "+0000"),
  };
  return { version, reservedConcurrency: properties.ReservedConcurrentExecutions };
}

function managedInstancesOf(properties: FunctionProperties, where: string): ManagedInstances | undefined {
  const config = properties.CapacityProviderConfig?.LambdaManagedInstancesCapacityProviderConfig;
  if (config === undefined) return undefined;
  if (properties.PublishToLatestPublished === false) {
    throw new Error(`${where}: PublishToLatestPublished is false; then there is no version that an instance runs.`);
  }
  if (properties.ReservedConcurrentExecutions !== undefined) {
    throw new Error(`${where}: ReservedConcurrentExecutions is for functions on demand, not on managed instances.`);
  }
  if (properties.MemorySize < MANAGED_INSTANCES.minMemoryMegabytes) {
    throw new Error(
      `${where}: MemorySize is ${properties.MemorySize}; on managed instances it is ${MANAGED_INSTANCES.minMemoryMegabytes} or more.`,
    );
  }
  return { capacityProviderArn: config.CapacityProviderArn, concurrency: config.PerExecutionEnvironmentMaxConcurrency };
}

function networkOf({ VpcConfig, CapacityProviderConfig }: FunctionProperties, where: string): NetworkPlace | undefined {
  if (VpcConfig === undefined) return undefined;
  if (CapacityProviderConfig !== undefined) {
    throw new Error(
      `${where}: VpcConfig is for functions on demand; on managed instances the capacity provider has one.`,
    );
  }
  return { subnetIds: VpcConfig.SubnetIds, securityGroupIds: VpcConfig.SecurityGroupIds };
}

function requireNode(properties: FunctionProperties, where: string): { runtime: string; handler: string } {
  const { PackageType, Runtime, Handler } = properties;
  if (PackageType === "Image") {
    throw new Error(
      `${where}: PackageType is "Image"; container images do not run here, only Zip packages for Node.js do.`,
    );
  }
  if (Runtime === undefined || !NODE_RUNTIME.test(Runtime)) {
    throw new Error(
      `${where}: Runtime is ${JSON.stringify(Runtime)}; only Node.js runs here, as "${SIMULATED_RUNTIME}".`,
    );
  }
  if (Handler === undefined) throw new Error(`${where}: Handler is required for a Zip package.`);
  return { runtime: Runtime, handler: Handler };
}

function checkEnvironment(environment: Readonly<Record<string, string>>, where: string): void {
  const refused = refusedVariables(environment);
  if (refused.length > 0) {
    throw new Error(
      `${where}: Environment.Variables has names that Lambda reserves or does not take: ${refused.join(", ")}.`,
    );
  }
  const bytes = Buffer.byteLength(JSON.stringify(environment));
  if (bytes > MAX_ENVIRONMENT_BYTES) {
    throw new Error(`${where}: Environment.Variables take ${bytes} bytes; Lambda allows ${MAX_ENVIRONMENT_BYTES}.`);
  }
}

async function codeDirectory(
  code: FunctionProperties["Code"],
  functionName: string,
  where: string,
  context: Pick<SimulatorContext, "assetDirectory">,
  directories: CodeDirectories,
): Promise<string> {
  if (code.ZipFile !== undefined) return directories.inline(functionName, code.ZipFile);
  if (code.S3Bucket === undefined || code.S3Key === undefined) {
    throw new Error(`${where}: Code needs S3Bucket and S3Key, or ZipFile.`);
  }
  return requireDirectory(context.assetDirectory(code.S3Bucket, code.S3Key), `${where}: Code`);
}

function loggingOf(config: FunctionProperties["LoggingConfig"], functionName: string): LoggingConfiguration {
  const format = config?.LogFormat ?? "Text";
  return {
    format,
    logGroup: config?.LogGroup ?? `/aws/lambda/${functionName}`,
    ...(format === "JSON"
      ? { applicationLevel: config?.ApplicationLogLevel ?? "INFO", systemLevel: config?.SystemLogLevel ?? "INFO" }
      : {}),
  };
}
