/** Which deployment a command speaks to: its options, and how an AWS SDK client reaches it. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { runningPlatform } from "./platform-file.ts";

export interface Where {
  readonly env: string;
  readonly state?: string;
}

/** Of an AWS SDK client. Empty: the SDK's own defaults find region and credentials. */
export interface ClientSettings {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Environments that run on this machine unless said otherwise; the others live in an AWS account. */
const ON_THIS_MACHINE = new Set(["local", "onprem"]);

export const withWhere = (command: Command): Command =>
  command
    .option(
      "--env <name>",
      "environment; local is the platform on this machine, dev, staging and prod are in AWS",
      "local",
    )
    .option("--state <dir>", "speak to the platform that runs from this state (default: .farthing/<env>)");

/** What lasts between runs of a platform on this machine: the same wherever the command is called from. */
export const stateDirectoryOf = (root: string, environment: string, state?: string): string =>
  state === undefined ? join(root, ".farthing", environment) : resolve(state);

/** Throws an Error that says how to start a platform that does not run. */
export function clientSettings({ env, state }: Where, root: string): ClientSettings {
  if (state === undefined && !ON_THIS_MACHINE.has(env)) return {};
  const stateDirectory = stateDirectoryOf(root, env, state);
  const platform = runningPlatform(stateDirectory);
  if (platform === undefined) {
    const options = [env === "local" ? "" : ` --env ${env}`, state === undefined ? "" : ` --state ${state}`].join("");
    throw new Error(`no platform runs from ${stateDirectory}. Start it: npx farthing up${options}`);
  }
  if (platform.environment !== env) {
    throw new Error(
      `the platform that runs from ${stateDirectory} is of environment "${platform.environment}", not "${env}": say --env ${platform.environment}`,
    );
  }
  return { endpoint: platform.awsEndpointUrl, region: platform.region, credentials: platform.credentials };
}
