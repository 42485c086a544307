import type { NetworkPlace } from "../simulator.ts";

/** One version of a function: everything that an execution environment is made from. Immutable. */
export interface FunctionVersion {
  readonly functionName: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Without qualifier. */
  readonly functionArn: string;
  readonly roleArn: string;
  readonly runtime: string;
  readonly handler: string;
  readonly description: string;
  readonly architecture: "arm64" | "x86_64";
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  /** What is `/var/task` in Lambda; shared by all environments of the version. */
  readonly codeDirectory: string;
  /** What is `/opt` in Lambda: the layers merged in order. */
  readonly layerDirectory: string;
  readonly layerArns: readonly string[];
  readonly logging: LoggingConfiguration;
  readonly activeTracing: boolean;
  /** On managed instances: its environments hold many requests at once. Undefined: on demand, one at a time. */
  readonly managedInstances: ManagedInstances | undefined;
  /** Where its calls go out. Undefined: by Lambda's own network. */
  readonly network: NetworkPlace | undefined;
  readonly lastModified: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html */
export interface ManagedInstances {
  readonly capacityProviderArn: string;
  /** Requests that one execution environment holds at once. */
  readonly concurrency: number;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html */
export interface LoggingConfiguration {
  readonly format: "Text" | "JSON";
  readonly logGroup: string;
  /** Only with JSON; the runtime drops console output below it. */
  readonly applicationLevel?: string;
  /** Only with JSON; Lambda's own records below it are dropped. */
  readonly systemLevel?: "DEBUG" | "INFO" | "WARN";
}
