/** `farthing up`: synthesise, bring to life, publish the demo models, say how to call them. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Door } from "../../local/api-gateway/simulator.ts";
import type { LambdaOptions } from "../../local/lambda/options.ts";
import { createPlatform } from "../../local/platform.ts";
import { openDeployment } from "../deployment.ts";
import { gpuContainer } from "../gpu-container/container-command.ts";
import { wakeTimes } from "../gpu-container/wake-times.ts";
import { removePlatformFile, writePlatformFile } from "../platform-file.ts";
import type { Terminal } from "../terminal.ts";
import { writeAtomically } from "../write-atomically.ts";
import { demoKey } from "./demo-key.ts";
import { type DemoModelEvent, liveModels, publishDemoModels } from "./demo-models.ts";
import { engineModels } from "./engine-models.ts";
import { eventPrinter } from "./event-printer.ts";
import { firstRequests } from "./first-requests.ts";
import { portError, requireFreePort } from "./free-port.ts";
import { lockState } from "./lock.ts";
import { reload } from "./reload.ts";
import type { SelfMadeCertificate } from "./self-made-certificate.ts";
import { watchSources } from "./source-watcher.ts";
import { synthesize } from "./synthesis.ts";
import { printWelcome } from "./welcome.ts";

export interface UpOptions {
  /** Root of the project: the CDK app and the models. */
  readonly root: string;
  readonly environment: string;
  /** Absolute path of another configuration than the project's own. */
  readonly config?: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  /** Default: plain HTTP on the loopback interface. */
  readonly door?: Door;
  /** The certificate of that door, when clients have to be told to trust it. */
  readonly selfMade?: SelfMadeCertificate;
  readonly stateDirectory: string;
  /** Gets one JSON object when everything answers, and goes when the platform stops. */
  readonly readyFile?: string;
  /** Whether the models of `models/` are published. */
  readonly demo: boolean;
  readonly verbose: boolean;
  /** From zero instances to the start of a copy's container; minutes on AWS. */
  readonly gpuWakeMillis: number;
  /** How many requests functions hold, where that is not what the platform would choose. */
  readonly lambda: Partial<LambdaOptions>;
}

export interface RunningPlatform {
  stop(): Promise<void>;
}

/** Resolves when everything answers. Rejects with an Error in words, or when `signal` says stop; nothing is left running then. */
export async function up(options: UpOptions, terminal: Terminal, signal: AbortSignal): Promise<RunningPlatform> {
  const { root, environment, port, stateDirectory, readyFile } = options;
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const closers: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  const step = stepPrinter(terminal, signal);
  const synthesise = () => synthesize({ root, environment, stateDirectory, config: options.config, signal });

  try {
    const lock = await lockState(stateDirectory);
    closers.push(() => lock.release());
    // A file of an earlier run must not say that this one is ready.
    if (readyFile !== undefined) rmSync(readyFile, { force: true });
    await requireFreePort(port);
    const synthesis = await synthesise();
    step(synthesis.fresh ? `synthesised the stacks of ${environment}` : `stacks of ${environment}: unchanged`);

    const platform = await createPlatform({
      assemblyDirectory: synthesis.directory,
      stateDirectory,
      environment,
      port,
      ...(options.door === undefined ? {} : { door: options.door }),
      // On premises this is the production server; elsewhere it shows what the cloud does.
      servedBy: environment === "onprem" ? "threads" : "process",
      lambda: options.lambda,
      cacheServerUrl: process.env.VALKEY_URL,
      gpu: { container: gpuContainer(root, process.env), hosting: wakeTimes(options.gpuWakeMillis) },
      clock: Date.now,
      emit: eventPrinter(terminal, options.verbose, Date.now),
    }).catch((error: NodeJS.ErrnoException) => {
      throw portError(port, error);
    });
    closers.push(() => platform.stop());
    const { apiUrl: url, awsEndpointUrl, region, operatorCredentials: credentials } = platform;
    step("functions, tables, bucket and API are up");

    const deployment = await openDeployment(environment, { endpoint: awsEndpointUrl, region, credentials });
    const modelsFolder = join(root, "models");
    if (options.demo) {
      const reached = { ...deployment, engineModels: engineModels(synthesis.directory) };
      await publishDemoModels(modelsFolder, stateDirectory, reached, demoModelPrinter(step, terminal));
    }
    const apiKey = await demoKey(stateDirectory, deployment);
    const models = liveModels(await deployment.registry.list());
    await requireAnswer(platform.loopbackUrl, apiKey);
    step("the API answers");

    writePlatformFile(stateDirectory, { environment, pid: process.pid, url, awsEndpointUrl, region, credentials });
    closers.push(() => removePlatformFile(stateDirectory));
    const requests = firstRequests({
      url,
      apiKey,
      models,
      stateDirectory,
      modelsFolder,
      trusted: options.selfMade?.path,
    });
    printWelcome(terminal, { url, apiKey, models, requests, awsEndpointUrl, selfMade: options.selfMade });
    if (readyFile !== undefined) {
      writeAtomically(readyFile, { url, apiKey, environment, pid: process.pid, models });
      closers.push(() => rmSync(readyFile, { force: true }));
    }
    // What serves for good changes when it is started anew, not while somebody edits.
    if (environment !== "onprem") {
      const watcher = watchSources(root, () => reload(platform, synthesise, terminal));
      closers.push(() => watcher.close());
    }
    closers.push(() => lock.stopping());
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A line per step with the seconds since the start; between steps is where a start can be given up. */
function stepPrinter({ note, style }: Terminal, signal: AbortSignal): (what: string) => void {
  const startedAt = performance.now();
  return (what) => {
    signal.throwIfAborted();
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5);
    note(`${style.dim(`${seconds} s`)}  ${what}`);
  };
}

const demoModelPrinter =
  (step: (what: string) => void, { note, style }: Terminal) =>
  (event: DemoModelEvent): void => {
    if (event.type === "published") step(`published ${event.name} ${event.version}`);
    else note(style.yellow(`${event.folder} is not published: ${event.reason}`));
  };

/** Ready means that a customer's request was answered: the first one pays for a cold start of the router, and it is ours. */
async function requireAnswer(url: string, apiKey: string): Promise<void> {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${apiKey}` } });
  const text = await response.text();
  if (!response.ok) throw new Error(`the API answers ${response.status} to its first request: ${text}`);
}
