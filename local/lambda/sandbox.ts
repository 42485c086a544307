import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type EnvironmentLog, logStreamName, openEnvironmentLog } from "./environment-log.ts";
import { environmentVariables } from "./environment-variables.ts";
import type { FunctionVersion } from "./function-version.ts";
import { type InvocationRecords, jsonRecords, textRecords } from "./invocation-records.ts";
import { RuntimeApi, type RuntimeApiEvents } from "./runtime-api.ts";
import type { SandboxServices } from "./sandbox-services.ts";

export type InitializationType = "on-demand" | "provisioned-concurrency" | "lambda-managed-instances";

/** What an execution environment has before its process starts, and keeps when that is started again. */
export interface Sandbox {
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  /** Of the role session that is this environment's alone. */
  readonly accessKeyId: string;
  readonly api: RuntimeApi;
  readonly log: EnvironmentLog;
  readonly records: InvocationRecords;
  readonly variables: Readonly<Record<string, string>>;
  /** Its own `/tmp`. */
  readonly temporaryDirectory: string;
}

/** Rejects when the function's role cannot be assumed. */
export async function prepareSandbox(
  version: FunctionVersion,
  initialization: InitializationType,
  services: SandboxServices,
  events: RuntimeApiEvents,
): Promise<Sandbox> {
  const { context, access } = services;
  // A session name has at least two characters, a function's may have one.
  const credentials = access.assumeRole(version.roleArn, version.functionName.padEnd(2, "-"), undefined, {
    arn: version.functionArn,
    network: version.network,
  });
  const caller = access.callerOf(credentials.accessKeyId);
  if (caller === undefined) throw new Error(`The credentials of ${version.roleArn} are not known to the platform.`);
  const id = services.randomHex(16);
  const stream = logStreamName(version, context.clock(), id);
  const temporaryDirectory = join(services.temporaryRoot, id);
  mkdirSync(temporaryDirectory, { recursive: true });
  const api = await RuntimeApi.listen(events, version.managedInstances !== undefined);
  return {
    version,
    initialization,
    accessKeyId: credentials.accessKeyId,
    api,
    log: openEnvironmentLog(version, stream, caller, services),
    records: version.logging.format === "JSON" ? jsonRecords(version, context.clock) : textRecords(version),
    variables: environmentVariables(version, {
      runtimeDirectory: services.runtimeDirectory,
      runtimeApi: api.address,
      temporaryDirectory,
      logStream: stream,
      initialization,
      region: context.region,
      awsEndpointUrl: context.awsEndpointUrl,
      certificateFile: services.certificateFile(),
      credentials,
      node: services.node,
    }),
    temporaryDirectory,
  };
}
