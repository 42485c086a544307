import type { FunctionVersion } from "../function-version.ts";

/** https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html */
export function describeFunction(version: FunctionVersion, functionArn: string): Record<string, unknown> {
  const { logging } = version;
  return {
    FunctionName: version.functionName,
    FunctionArn: functionArn,
    Runtime: version.runtime,
    Role: version.roleArn,
    Handler: version.handler,
    Description: version.description,
    Timeout: version.timeoutSeconds,
    MemorySize: version.memoryMegabytes,
    LastModified: version.lastModified,
    Version: version.version,
    Environment: { Variables: version.environment },
    TracingConfig: { Mode: version.activeTracing ? "Active" : "PassThrough" },
    Layers: version.layerArns.map((Arn) => ({ Arn })),
    State: "Active",
    LastUpdateStatus: "Successful",
    PackageType: "Zip",
    Architectures: [version.architecture],
    LoggingConfig: {
      LogFormat: logging.format,
      LogGroup: logging.logGroup,
      ...(logging.applicationLevel === undefined ? {} : { ApplicationLogLevel: logging.applicationLevel }),
      ...(logging.systemLevel === undefined ? {} : { SystemLogLevel: logging.systemLevel }),
    },
  };
}
