/**
 * One copy of a model: a process that keeps the container contract, started again when it dies. It begins without a place;
 * the fleet gives it one when there is room.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessExit, SandboxProcess } from "../../lambda/sandbox-process.ts";
import { containerEnvironment } from "../container/container-environment.ts";
import { freePort } from "../container/free-port.ts";
import { fetchModelData } from "../container/model-data.ts";
import { ping } from "../container/ping.ts";
import type { Instance } from "./instance.ts";
import type { ContainerRevision, Revision } from "./revision.ts";
import type { HostingServices } from "./services.ts";

export type CopyState =
  /** No instance has had room yet. */
  | { readonly type: "waiting" }
  | { readonly type: "loading" }
  | { readonly type: "in-service"; readonly port: number }
  /** It served, its container died or went silent, and is being started again. */
  | { readonly type: "restarting" }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "stopped" };

export interface CopyOwner {
  /** Log group and the name before the instance in its log streams. */
  readonly logGroup: string;
  readonly logStreamPrefix: string;
  onChange(): void;
}

/** Between two questions to `/ping` of a container that starts. */
const STARTING_PING_MILLIS = 100;
/** Failed pings in a row after which a container that served is started again. */
const MOST_FAILED_PINGS = 3;
const MOST_BACKOFF = 30;

export class Copy {
  readonly id: string;
  readonly revision: Revision;
  readonly #services: HostingServices;
  readonly #owner: CopyOwner;
  readonly #gone = new AbortController();
  readonly #directory: string;
  #state: CopyState = { type: "waiting" };
  #instance: Instance | undefined;
  #ended: Promise<void> = Promise.resolve();
  #inFlight = 0;
  #draining: { readonly cancel: AbortController } | undefined;
  #served = false;

  constructor(revision: Revision, owner: CopyOwner, services: HostingServices) {
    this.id = services.randomHex(8);
    this.revision = revision;
    this.#owner = owner;
    this.#services = services;
    this.#directory = join(services.workDirectory, this.id);
  }

  get state(): CopyState {
    return this.#state;
  }
  get instance(): Instance | undefined {
    return this.#instance;
  }
  get inFlight(): number {
    return this.#inFlight;
  }
  /** Takes no more requests, and ends when it has answered those it has. */
  get draining(): boolean {
    return this.#draining !== undefined;
  }
  /** Whether it ever answered a ping: one that never did has a model or a container that does not work. */
  get served(): boolean {
    return this.#served;
  }
  get logStream(): string {
    return `${this.#owner.logStreamPrefix}/${this.#instance?.id ?? "none"}-${this.id}`;
  }

  /** Counts a request; call what it returns once when it is over. */
  begin(): () => void {
    this.#inFlight++;
    return () => {
      this.#inFlight--;
      if (this.#inFlight === 0 && this.#draining !== undefined) this.#draining.cancel.abort();
    };
  }

  start(instance: Instance): void {
    const container = this.revision.on(instance.type);
    if (container === undefined) throw new Error(`no specification for ${instance.type}`);
    this.#instance = instance;
    instance.copies.add(this);
    this.#state = { type: "loading" };
    this.#ended = this.#run(container).catch((error: Error) => {
      if (!this.#gone.signal.aborted) this.#become({ type: "failed", reason: error.message });
    });
  }

  /** Resolves when the process is gone and its place free. */
  async stop(how: "drain" | "at-once"): Promise<void> {
    if (how === "drain" && this.#inFlight > 0 && !this.draining) {
      const cancel = new AbortController();
      this.#draining = { cancel };
      await this.#services.sleep(this.#services.options.drainMillis, cancel.signal).catch(() => undefined);
    } else {
      this.#draining ??= { cancel: new AbortController() };
      this.#draining.cancel.abort();
    }
    this.#gone.abort();
    await this.#ended;
    await rm(this.#directory, { recursive: true, force: true });
    this.#instance?.leave(this, this.#services.context.clock());
    if (this.#state.type !== "stopped") this.#become({ type: "stopped" });
  }

  async #run(container: ContainerRevision): Promise<void> {
    const { options, sleep } = this.#services;
    const { signal } = this.#gone;
    await sleep(options.modelLoadMillis, signal);
    const modelDirectory = join(this.#directory, "model");
    await this.#loadModel(container, modelDirectory);
    let deaths = 0;
    /** How it ended by itself says more than that it was not ready in time. */
    let why: string | undefined;
    let deadline = this.#services.monotonicMillis() + container.startupMillis;
    while (!signal.aborted) {
      const ended = await this.#serveOnce(container, modelDirectory, deadline);
      if (signal.aborted) return;
      if (ended.exited || why === undefined) why = ended.why;
      if (ended.served) {
        why = undefined;
        deaths = 0;
        deadline = this.#services.monotonicMillis() + container.startupMillis;
        this.#become({ type: "restarting" });
      } else if (this.#services.monotonicMillis() >= deadline) {
        throw new Error(
          "The container did not pass the ping health check. Please check CloudWatch logs for this endpoint. " +
            `(${why}; log group ${this.#owner.logGroup}, stream ${this.logStream})`,
        );
      }
      deaths++;
      const backoff = options.restartMillis * Math.min(2 ** (deaths - 1), MOST_BACKOFF);
      await sleep(Math.max(0, Math.min(backoff, deadline - this.#services.monotonicMillis())), signal);
    }
  }

  async #loadModel(container: ContainerRevision, directory: string): Promise<void> {
    const { context } = this.#services;
    if (container.modelData.type === "none") return void (await mkdir(directory, { recursive: true }));
    const credentials = this.#credentials();
    if (credentials === undefined) throw new Error("Model data is named, and no execution role to read it with.");
    const access = { endpoint: context.awsEndpointUrl, region: context.region, credentials };
    await fetchModelData(container.modelData, directory, access, this.#gone.signal).catch((error: Error) => {
      throw new Error(`Failed to download model data. (${error.message})`, { cause: error });
    });
  }

  #credentials() {
    const { roleArn } = this.revision;
    return roleArn === undefined
      ? undefined
      : this.#services.access.assumeRole(roleArn, `SageMaker-${this.id}`, "sagemaker.amazonaws.com");
  }

  /** From the start of the process to its end. */
  async #serveOnce(
    container: ContainerRevision,
    modelDirectory: string,
    deadline: number,
  ): Promise<{ readonly served: boolean; readonly exited: boolean; readonly why: string }> {
    const { context, command, logs, reaper, options } = this.#services;
    if (command === undefined) throw new Error(`The platform was given nothing to run in place of ${container.image}.`);
    const temporaryDirectory = join(this.#directory, "tmp");
    await mkdir(temporaryDirectory, { recursive: true });
    const port = await freePort();
    const credentials = this.revision.networkIsolation ? undefined : this.#credentials();
    const { logGroup } = this.#owner;
    const { logStream } = this;
    const running = await SandboxProcess.start(
      {
        node: command.executable,
        arguments: [...command.arguments, "serve"],
        directory: modelDirectory,
        environment: containerEnvironment({
          command,
          image: container.image,
          variables: container.environment,
          port,
          modelDirectory,
          temporaryDirectory,
          region: context.region,
          awsEndpointUrl: context.awsEndpointUrl,
          ...(credentials && { credentials }),
        }),
        onLine: (line) => logs.append(logGroup, logStream, line),
        onExit: () => undefined,
      },
      reaper,
    );
    let exit: ProcessExit | undefined;
    void running.exited.then((how) => {
      exit = how;
    });
    const attempt = new AbortController();
    const signal = AbortSignal.any([this.#gone.signal, attempt.signal]);
    void running.exited.then(() => attempt.abort());
    const pause = (millis: number) => this.#services.sleep(millis, signal).catch(() => undefined);
    try {
      while (!(await ping(port, options.pingTimeoutMillis))) {
        if (signal.aborted) return { served: false, exited: true, why: `the container ended with ${shown(exit)}` };
        if (this.#services.monotonicMillis() >= deadline)
          return { served: false, exited: false, why: "it never answered /ping with 200" };
        await pause(STARTING_PING_MILLIS);
      }
      if (signal.aborted) return { served: false, exited: true, why: `the container ended with ${shown(exit)}` };
      this.#served = true;
      this.#become({ type: "in-service", port });
      for (let failed = 0; !signal.aborted && failed < MOST_FAILED_PINGS; ) {
        await pause(options.pingMillis);
        if (!signal.aborted) failed = (await ping(port, options.pingTimeoutMillis)) ? 0 : failed + 1;
      }
      return { served: true, exited: true, why: `the container ended with ${shown(exit)}` };
    } finally {
      running.kill();
      await running.exited;
    }
  }

  #become(state: CopyState): void {
    this.#state = state;
    this.#owner.onChange();
  }
}

const shown = (exit: ProcessExit | undefined): string =>
  exit === undefined ? "no answer" : (exit.signal ?? `status ${exit.status}`);
