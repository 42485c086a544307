import { rmSync } from "node:fs";
import { join } from "node:path";
import type { InvocationResult } from "../simulator.ts";
import { nodeArguments } from "./environment-variables.ts";
import { exitFailure, type KillReason } from "./exit-failure.ts";
import { type FailureDocument, sandboxFailure } from "./function-failure.ts";
import type { FunctionVersion } from "./function-version.ts";
import { invocationEvent, invocationReport } from "./invocation-report.ts";
import { INIT_TIMEOUT_MILLIS, PROVISIONED_INIT_TIMEOUT_MILLIS } from "./limits.ts";
import { MemoryWatch } from "./memory.ts";
import { RunningInvocation } from "./running-invocation.ts";
import { type InitializationType, prepareSandbox, type Sandbox } from "./sandbox.ts";
import { type ProcessExit, SandboxProcess } from "./sandbox-process.ts";
import type { SandboxServices } from "./sandbox-services.ts";

export interface EnvironmentInvocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly responseMode: "buffered" | "streaming";
  readonly invokedFunctionArn: string;
  readonly traceId: string;
  readonly clientContext?: string;
}

export interface EnvironmentEvents {
  /** Ready for an invocation: after init, also after a failed one, and after every invocation. */
  onFree(environment: ExecutionEnvironment): void;
  /** Will not serve again. */
  onEnd(environment: ExecutionEnvironment): void;
}

type State =
  | { readonly type: "initialising" }
  /** Init failed; it is tried once more inside the next invocation. */
  | { readonly type: "uninitialised" }
  | { readonly type: "ready" }
  | { readonly type: "invoking"; readonly run: Run; readonly delivered: boolean }
  | { readonly type: "ended" };

interface Run {
  completed: boolean;
  readonly over: PromiseWithResolvers<void>;
  readonly invocation: EnvironmentInvocation;
  readonly answer: RunningInvocation;
  readonly startedAt: number;
  readonly deadlineMillis: number;
  readonly timer: NodeJS.Timeout;
}

/** One sandbox: a process with its Runtime API, which serves one invocation at a time and is frozen in between. */
export class ExecutionEnvironment {
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly accessKeyId: string;
  /** How many callers deep the running invocation is; kept by whoever hands out environments. */
  depth = 0;
  readonly #services: SandboxServices;
  readonly #events: EnvironmentEvents;
  readonly #sandbox: Sandbox;
  #state: State = { type: "initialising" };
  #process: SandboxProcess | undefined;
  readonly #memory: MemoryWatch;
  #initStartedAt = 0;
  #initTimer: NodeJS.Timeout | undefined;
  #initFailure: FailureDocument | undefined;
  /** Of the last init, until it has been reported. */
  #initMillis: number | undefined;
  #killReason: KillReason | undefined;
  #retired = false;
  #closed: Promise<void> | undefined;

  private constructor(sandbox: Sandbox, services: SandboxServices, events: EnvironmentEvents) {
    this.version = sandbox.version;
    this.initialization = sandbox.initialization;
    this.accessKeyId = sandbox.accessKeyId;
    this.#sandbox = sandbox;
    this.#services = services;
    this.#events = events;
    this.#memory = new MemoryWatch(sandbox.version.memoryMegabytes, services.memorySampleMillis, () =>
      this.#kill("out-of-memory"),
    );
  }

  /** Starts init; `onFree` follows when it has ended. Rejects when no process can be started at all. */
  static async start(
    version: FunctionVersion,
    initialization: InitializationType,
    services: SandboxServices,
    events: EnvironmentEvents,
  ): Promise<ExecutionEnvironment> {
    let environment: ExecutionEnvironment | undefined;
    const sandbox = await prepareSandbox(version, initialization, services, {
      onNext: () => environment?.onNext(),
      onInitError: (failure) => environment?.onInitError(failure),
      onResponse: (response) => environment?.current?.receive(response),
      onInvocationError: (failure) => environment?.current?.fail(failure),
      onLog: () => undefined,
    });
    environment = new ExecutionEnvironment(sandbox, services, events);
    try {
      await environment.#boot();
    } catch (error) {
      environment.#dispose();
      throw error;
    }
    return environment;
  }

  get idle(): boolean {
    return this.#state.type === "ready" || this.#state.type === "uninitialised";
  }

  /** Resolves when the running invocation is over and reported, or at once. */
  get finished(): Promise<void> {
    return this.#state.type === "invoking" ? this.#state.run.over.promise : Promise.resolve();
  }

  get current(): RunningInvocation | undefined {
    return this.#state.type === "invoking" ? this.#state.run.answer : undefined;
  }

  /** When the running invocation was answered, by the platform's monotonic clock. */
  get answeredAt(): number | undefined {
    return this.current?.answeredAt;
  }

  /** Resolves when the answer begins; what follows arrives in its body. Only for an idle environment. */
  invoke(invocation: EnvironmentInvocation): Promise<InvocationResult> {
    if (!this.idle) throw new Error(`The execution environment is ${this.#state.type}.`);
    const { context, monotonicMillis } = this.#services;
    const timeoutMillis = this.version.timeoutSeconds * 1000;
    const run: Run = {
      completed: false,
      over: Promise.withResolvers(),
      invocation,
      answer: new RunningInvocation(invocation.requestId, invocation.responseMode, monotonicMillis),
      startedAt: monotonicMillis(),
      deadlineMillis: context.clock() + timeoutMillis,
      timer: setTimeout(() => this.#kill("timeout"), timeoutMillis),
    };
    this.#sandbox.log.platformLine(this.#sandbox.records.start(invocation.requestId));
    if (this.#state.type === "ready") {
      this.#process?.thaw();
      this.#memory.resume();
      this.#deliver(run);
    } else {
      this.#state = { type: "invoking", run, delivered: false };
      this.#boot().catch((error: Error) => {
        run.answer.fail(sandboxFailure(invocation.requestId, "Sandbox.Failure", error.message));
        void this.#complete(run);
      });
    }
    return run.answer.result;
  }

  /** Stops a process that has nothing to do; frees no memory while it is thawed. */
  freeze(): void {
    this.#memory.pause();
    this.#process?.freeze();
  }

  /** Ends it now when it is idle, else after its invocation. */
  retire(): void {
    this.#retired = true;
    if (this.idle) this.#end();
  }

  /** Ends it now, whatever it does. */
  async stop(): Promise<void> {
    this.#retired = true;
    const ended = this.#process?.exited;
    if (this.idle) this.#end();
    else this.#kill("stopped");
    await ended;
    await this.#closed;
  }

  onNext(): void {
    const state = this.#state;
    if (state.type === "initialising" || (state.type === "invoking" && !state.delivered)) {
      clearTimeout(this.#initTimer);
      const initMillis = this.#services.monotonicMillis() - this.#initStartedAt;
      if (state.type === "invoking") return this.#deliver(state.run);
      if (this.#retired) return this.#end();
      this.#initMillis = initMillis;
      this.#state = { type: "ready" };
      this.#events.onFree(this);
    } else if (state.type === "invoking") {
      if (!state.run.answer.answered) {
        state.run.answer.fail(
          sandboxFailure(state.run.invocation.requestId, "Runtime.NoResponse", "The runtime sent no response"),
        );
      }
      void this.#complete(state.run);
    }
  }

  onInitError(failure: FailureDocument): void {
    // The runtime exits next; that ends init.
    this.#initFailure = failure;
  }

  #deliver(run: Run): void {
    const { requestId, payload, invokedFunctionArn, traceId, clientContext } = run.invocation;
    this.#state = { type: "invoking", run, delivered: true };
    this.#sandbox.api.deliver({
      requestId,
      payload,
      deadlineMillis: run.deadlineMillis,
      invokedFunctionArn,
      traceId,
      ...(clientContext === undefined ? {} : { clientContext }),
    });
  }

  async #boot(): Promise<void> {
    const services = this.#services;
    const { version } = this;
    this.#sandbox.log.platformLine(this.#sandbox.records.initStart());
    this.#initStartedAt = services.monotonicMillis();
    this.#initFailure = undefined;
    this.#killReason = undefined;
    this.#process = await SandboxProcess.start(
      {
        node: services.node,
        arguments: [...nodeArguments(version.memoryMegabytes), join(services.runtimeDirectory, "bootstrap.mjs")],
        directory: version.codeDirectory,
        environment: this.#sandbox.variables,
        onLine: (line) => this.#sandbox.log.functionLine(line),
        onExit: (exit) => this.#onExit(exit),
      },
      services.reaper,
    );
    this.#memory.follow(this.#process.pid);
    if (this.#state.type === "initialising") {
      const limit = this.initialization === "on-demand" ? INIT_TIMEOUT_MILLIS : PROVISIONED_INIT_TIMEOUT_MILLIS;
      this.#initTimer = setTimeout(() => this.#kill("init-timeout"), limit);
    }
  }

  #kill(reason: KillReason): void {
    this.#killReason ??= reason;
    this.#process?.kill();
  }

  #onExit(exit: ProcessExit): void {
    clearTimeout(this.#initTimer);
    const reason = this.#killReason;
    this.#memory.leave();
    this.#process = undefined;
    const state = this.#state;
    switch (state.type) {
      case "ended":
      case "uninitialised":
        return;
      case "ready":
        return this.#end();
      case "initialising":
        this.#reportInit("init", reason);
        if (this.#retired) return this.#end();
        this.#state = { type: "uninitialised" };
        return this.#events.onFree(this);
      case "invoking": {
        const { requestId } = state.run.invocation;
        const seconds = this.version.timeoutSeconds;
        const failure =
          (state.delivered ? undefined : this.#initFailure) ?? exitFailure(requestId, exit, reason, seconds);
        if (!state.delivered) this.#reportInit("invoke", reason);
        if (!state.run.answer.answered) {
          this.#sandbox.log.platformLine(
            reason === "timeout"
              ? `${new Date(this.#services.context.clock()).toISOString()} ${requestId} Task timed out after ${seconds.toFixed(2)} seconds`
              : `${failure.errorMessage} ${failure.errorType}`,
          );
        }
        state.run.answer.fail(failure);
        void this.#complete(state.run);
      }
    }
  }

  #reportInit(phase: "init" | "invoke", reason: KillReason | undefined): void {
    const timedOut = reason === "init-timeout" || reason === "timeout";
    const errorType = this.#initFailure?.errorType ?? (timedOut ? undefined : "Runtime.ExitError");
    this.#sandbox.log.platformLine(
      this.#sandbox.records.initFailed({
        initMillis: this.#services.monotonicMillis() - this.#initStartedAt,
        phase,
        status: timedOut ? "timeout" : "error",
        ...(errorType === undefined ? {} : { errorType }),
      }),
    );
  }

  /** The invocation is over: its last lines, then the next one or the end. */
  async #complete(run: Run): Promise<void> {
    if (run.completed) return;
    run.completed = true;
    clearTimeout(run.timer);
    this.#memory.sample();
    const durationMillis = this.#services.monotonicMillis() - run.startedAt;
    const initMillis = this.#initMillis;
    this.#initMillis = undefined;
    await this.#process?.outputRead();
    const report = invocationReport({
      version: this.version,
      initialization: this.initialization,
      requestId: run.invocation.requestId,
      durationMillis,
      initMillis,
      maxMemoryMegabytes: this.#memory.maxMegabytes,
      failure: run.answer.failure,
      processEnded: this.#process === undefined,
    });
    for (const line of this.#sandbox.records.end(report)) this.#sandbox.log.platformLine(line);
    this.#services.context.emit(invocationEvent(this.version.functionName, report, run.answer.failure));
    run.over.resolve();
    if (this.#process === undefined || this.#retired) return this.#end();
    this.#state = { type: "ready" };
    this.#events.onFree(this);
  }

  #end(): void {
    if (this.#state.type === "ended") return;
    this.#state = { type: "ended" };
    this.#dispose();
    this.#events.onEnd(this);
  }

  #dispose(): void {
    clearTimeout(this.#initTimer);
    this.#memory.leave();
    this.#process?.kill();
    this.#closed = this.#sandbox.api.close();
    rmSync(this.#sandbox.temporaryDirectory, { recursive: true, force: true });
  }
}
