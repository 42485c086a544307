/** `farthing up`: synthesise, bring to life, publish the demo models, say how to call them. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { createPlatform, type Platform } from "../../local/platform.ts";
import type { PlatformEvent } from "../../local/simulator.ts";
import { openDeployment } from "../deployment.ts";
import { removePlatformFile, stateDirectoryOf, writeAtomically, writePlatformFile } from "../platform-file.ts";
import type { Terminal } from "../terminal.ts";
import { demoKey } from "./demo-key.ts";
import { type LiveModel, liveModels, publishAll } from "./demo-models.ts";
import { type FirstRequest, firstRequests } from "./first-requests.ts";
import { lockState } from "./lock.ts";
import { watchSources } from "./source-watcher.ts";
import { synthesize } from "./synthesis.ts";

export interface UpOptions {
  /** Root of the project: the CDK app and the models. */
  readonly root: string;
  readonly environment: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Default: `.farthing/<environment>` below the root. */
  readonly stateDirectory?: string;
  readonly readyFile?: string;
  /** Whether the models of `models/` are published. */
  readonly demo: boolean;
  readonly verbose: boolean;
}

export interface RunningPlatform {
  stop(): Promise<void>;
}

/** Resolves when everything answers. Rejects with an Error in words; nothing is left running then. */
export async function up(options: UpOptions, terminal: Terminal): Promise<RunningPlatform> {
  const { root, environment } = options;
  const stateDirectory = resolve(options.stateDirectory ?? resolve(root, stateDirectoryOf(environment)));
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const lock = lockState(stateDirectory);
  const { style } = terminal;
  const startedAt = performance.now();
  const step = (what: string) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5);
    terminal.note(`${style.dim(`${seconds} s`)}  ${what}`);
  };
  const closers: (() => void | Promise<void>)[] = [() => lock.release()];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };

  try {
    const synthesis = await synthesize(root, environment, stateDirectory);
    step(
      synthesis.fresh
        ? `synthesised the stacks of ${environment}`
        : `stacks of ${environment}: unchanged since the last start`,
    );

    const platform = await createPlatform({
      assemblyDirectory: synthesis.directory,
      stateDirectory,
      environment,
      port: options.port,
      clock: Date.now,
      emit: eventPrinter(terminal, options.verbose),
    }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "EADDRINUSE" ? portTaken(options.port) : error;
    });
    closers.push(() => platform.stop());
    writePlatformFile(stateDirectory, {
      environment,
      pid: process.pid,
      url: platform.apiUrl,
      awsEndpointUrl: platform.awsEndpointUrl,
      region: platform.region,
      credentials: platform.operatorCredentials,
    });
    closers.push(() => removePlatformFile(stateDirectory));
    step("functions, tables, bucket and API are up");

    const deployment = await openDeployment(environment, stateDirectory);
    const modelsFolder = resolve(root, "models");
    if (options.demo) {
      await publishAll(modelsFolder, deployment, (name, version) => step(`published ${name} ${version}`));
    }
    const apiKey = await demoKey(stateDirectory, deployment.keys);
    const models = liveModels(await deployment.registry.list());

    await answers(platform.apiUrl, apiKey);
    step("answering");
    const requests = firstRequests({ url: platform.apiUrl, apiKey, models, stateDirectory, modelsFolder });
    printWelcome(terminal, { url: platform.apiUrl, apiKey, models, requests, awsEndpointUrl: platform.awsEndpointUrl });
    if (options.readyFile !== undefined) {
      writeAtomically(options.readyFile, { url: platform.apiUrl, apiKey, environment, pid: process.pid, models });
    }
    const watcher = watchSources(root, () => reload(platform, options, stateDirectory, terminal));
    closers.push(() => watcher.close());
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Not ready before a customer's request has been answered: the first one pays for a cold start, and it shall be ours. */
async function answers(url: string, apiKey: string): Promise<void> {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${apiKey}` } });
  const text = await response.text();
  if (!response.ok) throw new Error(`the API answers ${response.status}: ${text}`);
}

async function reload(
  platform: Platform,
  options: UpOptions,
  stateDirectory: string,
  terminal: Terminal,
): Promise<void> {
  const { style } = terminal;
  try {
    const { directory, fresh } = await synthesize(options.root, options.environment, stateDirectory);
    if (!fresh) return;
    const { replaced, needsRestart } = await platform.reload(directory);
    if (replaced.length > 0) terminal.note(style.green(`new code: ${replaced.join(", ")}`));
    if (needsRestart) terminal.note(style.yellow("more than code has changed: start again to run it"));
  } catch (error) {
    terminal.note(
      style.red(`the change does not build; the code before it goes on serving\n${(error as Error).message}`),
    );
  }
}

function eventPrinter({ note, style }: Terminal, verbose: boolean): (event: PlatformEvent) => void {
  return (event) => {
    switch (event.type) {
      case "progress":
        if (verbose) note(style.dim(`         ${event.step}${event.detail ? `: ${event.detail}` : ""}`));
        return;
      case "warning":
        note(style.yellow(event.message));
        return;
      case "log":
        if (verbose) note(style.dim(`${event.logGroup}  ${event.line}`));
        return;
      case "invocation":
        if (verbose || event.status !== "success") {
          const init = event.initMillis === undefined ? "" : `, cold start ${event.initMillis.toFixed(0)} ms`;
          note(style.dim(`${event.functionName}  ${event.status} in ${event.durationMillis.toFixed(1)} ms${init}`));
        }
        return;
    }
  };
}

interface Welcome {
  readonly url: string;
  readonly awsEndpointUrl: string;
  readonly apiKey: string;
  readonly models: readonly LiveModel[];
  readonly requests: readonly FirstRequest[];
}

function printWelcome({ out, style }: Terminal, { url, awsEndpointUrl, apiKey, models, requests }: Welcome): void {
  out();
  out(`${style.bold("Farthing")} answers at ${style.green(url)}`);
  out(`  API key   ${apiKey}`);
  out(`  AWS APIs  ${awsEndpointUrl} ${style.dim("(for the AWS SDK and CLI)")}`);
  out(
    `  models    ${models.map(({ name, task }) => `${name} ${style.dim(`(${task})`)}`).join(", ") || "none yet: farthing model add <dir>"}`,
  );
  for (const { what, command } of requests) {
    out();
    out(style.dim(`# ${what}`));
    out(command);
  }
  out();
  out(style.dim("Ctrl-C stops everything."));
}

const portTaken = (port: number): Error =>
  new Error(`port ${port} is taken by another program. Choose another one: --port 8081, or --port 0 for any free one`);
