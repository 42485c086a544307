import { rmSync } from "node:fs";
import { join } from "node:path";
import type { InvocationResult } from "../simulator.ts";
import type { Delivery } from "./delivery.ts";
import { manyRequestsNodeArguments } from "./environment-variables.ts";
import type { EnvironmentInvocation } from "./execution-environment.ts";
import { exitFailure, type KillReason } from "./exit-failure.ts";
import type { FailureDocument } from "./function-failure.ts";
import type { FunctionVersion } from "./function-version.ts";
import { invocationEvent, invocationReport } from "./invocation-report.ts";
import { PROVISIONED_INIT_TIMEOUT_MILLIS } from "./limits.ts";
import { MemoryWatch } from "./memory.ts";
import { RunningInvocation } from "./running-invocation.ts";
import { prepareSandbox, type Sandbox } from "./sandbox.ts";
import { type ProcessExit, SandboxProcess } from "./sandbox-process.ts";
import type { SandboxServices } from "./sandbox-services.ts";

export interface ManagedEnvironmentEvents {
  /** May take one more invocation: a thread has asked for one, or an invocation is over. */
  onRoom(): void;
  /** Will not serve again; `failureOf`: what is answered to those who waited for it, when it never began to. */
  onEnd(environment: ManagedEnvironment, failureOf: FailureOf | undefined): void;
}

export type FailureOf = (requestId: string) => FailureDocument;

interface Run {
  readonly invocation: EnvironmentInvocation;
  readonly answer: RunningInvocation;
  readonly startedAt: number;
  readonly timer: NodeJS.Timeout;
  readonly delivery: Delivery;
}

const INITIALIZATION = "lambda-managed-instances";

/**
 * One sandbox on a managed instance: a process whose threads hold many requests at once, and that is never frozen. A request
 * that times out gets its error, and the process goes on with the others.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-execution-environment.html
 */
export class ManagedEnvironment {
  readonly version: FunctionVersion;
  readonly #services: SandboxServices;
  readonly #events: ManagedEnvironmentEvents;
  readonly #sandbox: Sandbox;
  readonly #memory: MemoryWatch;
  readonly #concurrency: number;
  readonly #running = new Map<string, Run>();
  readonly #reports = new Set<Promise<void>>();
  #process: SandboxProcess | undefined;
  #initStartedAt = 0;
  #initTimer: NodeJS.Timeout | undefined;
  #initFailure: FailureDocument | undefined;
  /** Of the init, until the first report has said it. */
  #initMillis: number | undefined;
  #initialised = false;
  #killReason: KillReason | undefined;
  #retired = false;
  #ended = false;
  #closed: Promise<void> | undefined;

  private constructor(sandbox: Sandbox, services: SandboxServices, events: ManagedEnvironmentEvents) {
    this.version = sandbox.version;
    this.#sandbox = sandbox;
    this.#services = services;
    this.#events = events;
    this.#concurrency = sandbox.version.managedInstances?.concurrency ?? 1;
    this.#memory = new MemoryWatch(sandbox.version.memoryMegabytes, services.memorySampleMillis, () =>
      this.#kill("out-of-memory"),
    );
  }

  /** Starts init; `onRoom` follows. Rejects when no process can be started at all. */
  static async start(
    version: FunctionVersion,
    services: SandboxServices,
    events: ManagedEnvironmentEvents,
  ): Promise<ManagedEnvironment> {
    let environment: ManagedEnvironment | undefined;
    const sandbox = await prepareSandbox(version, INITIALIZATION, services, {
      onNext: () => environment?.onNext(),
      onInitError: (failure) => environment?.onInitError(failure),
      onResponse: (response, requestId) => environment?.answerOf(requestId)?.receive(response),
      onInvocationError: (failure, requestId) => environment?.answerOf(requestId)?.fail(failure),
      onLog: (lines) => environment?.onLog(lines),
    });
    environment = new ManagedEnvironment(sandbox, services, events);
    try {
      await environment.#boot();
    } catch (error) {
      environment.#end();
      throw error;
    }
    return environment;
  }

  /** Whether it takes an invocation right now: a thread has asked for one, and the configured number does not run yet. */
  get hasRoom(): boolean {
    return !this.#ended && !this.#retired && this.#running.size < this.#concurrency && this.#sandbox.api.asked;
  }

  answerOf(requestId: string): RunningInvocation | undefined {
    return this.#running.get(requestId)?.answer;
  }

  /** Only where there is room. `over` resolves when the invocation does not count any more. */
  invoke(invocation: EnvironmentInvocation): {
    readonly result: Promise<InvocationResult>;
    readonly over: Promise<void>;
    cancel(): void;
  } {
    const { context, monotonicMillis } = this.#services;
    const { requestId } = invocation;
    const timeoutMillis = this.version.timeoutSeconds * 1000;
    const answer = new RunningInvocation(requestId, invocation.responseMode, monotonicMillis);
    const timer = setTimeout(
      () => answer.fail(exitFailure(requestId, {}, "timeout", this.version.timeoutSeconds)),
      timeoutMillis,
    );
    this.#sandbox.log.platformLine(this.#sandbox.records.start(requestId));
    const deadlineMillis = context.clock() + timeoutMillis;
    const delivery = this.#sandbox.api.deliver({ ...invocation, deadlineMillis }, answer);
    const run: Run = { invocation, answer, startedAt: monotonicMillis(), timer, delivery };
    this.#running.set(requestId, run);
    const over = answer.over.then(() => this.#complete(run));
    return { result: answer.result, over, cancel: () => delivery.cancel() };
  }

  /** Ends it now when nothing runs, else after the last invocation. */
  retire(): void {
    this.#retired = true;
    if (this.#running.size === 0) this.#end();
  }

  /** Ends it now, whatever it does. */
  async stop(): Promise<void> {
    this.#retired = true;
    const ended = this.#process?.exited;
    this.#kill("stopped");
    await ended;
    this.#end();
    await Promise.all(this.#reports);
    await this.#closed;
  }

  onNext(): void {
    if (!this.#initialised) {
      this.#initialised = true;
      clearTimeout(this.#initTimer);
      this.#initMillis = this.#services.monotonicMillis() - this.#initStartedAt;
    }
    this.#events.onRoom();
  }

  onLog(lines: Buffer): void {
    for (const line of lines.toString("utf8").split("\n")) if (line !== "") this.#sandbox.log.functionLine(line);
  }

  onInitError(failure: FailureDocument): void {
    // The thread ends next, and with the last of them the process.
    this.#initFailure = failure;
  }

  async #boot(): Promise<void> {
    const services = this.#services;
    this.#sandbox.log.platformLine(this.#sandbox.records.initStart());
    this.#initStartedAt = services.monotonicMillis();
    this.#process = await SandboxProcess.start(
      {
        node: services.node,
        arguments: [...manyRequestsNodeArguments(this.version), join(services.runtimeDirectory, "bootstrap.mjs")],
        directory: this.version.codeDirectory,
        environment: this.#sandbox.variables,
        onLine: (line) => this.#sandbox.log.functionLine(line),
        onExit: (exit) => this.#onExit(exit),
      },
      services.reaper,
    );
    this.#memory.follow(this.#process.pid);
    this.#initTimer = setTimeout(() => this.#kill("init-timeout"), PROVISIONED_INIT_TIMEOUT_MILLIS);
  }

  #kill(reason: KillReason): void {
    this.#killReason ??= reason;
    this.#process?.kill();
  }

  #onExit(exit: ProcessExit): void {
    const reason = this.#killReason;
    this.#process = undefined;
    for (const { answer, invocation } of this.#running.values()) {
      answer.fail(exitFailure(invocation.requestId, exit, reason, this.version.timeoutSeconds));
    }
    if (this.#initialised) return this.#end();
    const seconds = PROVISIONED_INIT_TIMEOUT_MILLIS / 1000;
    const failureOf: FailureOf = (requestId) => this.#initFailure ?? exitFailure(requestId, exit, reason, seconds);
    this.#sandbox.log.platformLine(
      this.#sandbox.records.initFailed({
        initMillis: this.#services.monotonicMillis() - this.#initStartedAt,
        phase: "init",
        status: reason === "init-timeout" ? "timeout" : "error",
        errorType: failureOf("").errorType,
      }),
    );
    this.#end(failureOf);
  }

  #complete(run: Run): void {
    const { requestId } = run.invocation;
    clearTimeout(run.timer);
    this.#running.delete(requestId);
    run.delivery.forget();
    this.#report(run, this.#services.monotonicMillis() - run.startedAt);
    if (this.#retired && this.#running.size === 0) this.#end();
    else this.#events.onRoom();
  }

  #report({ invocation, answer }: Run, durationMillis: number): void {
    const { requestId } = invocation;
    const initMillis = this.#initMillis;
    this.#initMillis = undefined;
    const report = invocationReport({
      version: this.version,
      initialization: INITIALIZATION,
      requestId,
      durationMillis,
      initMillis,
      maxMemoryMegabytes: this.#memory.maxMegabytes,
      failure: answer.failure,
      processEnded: this.#process === undefined || answer.failure?.errorType === "Sandbox.Timedout",
    });
    const lines = this.#sandbox.records.end(report);
    if (lines.length > 0) this.#writeBehindOutput(lines);
    this.#services.context.emit(invocationEvent(this.version.functionName, report, answer.failure));
  }

  /** What the function wrote before stands before it. */
  #writeBehindOutput(lines: readonly string[]): void {
    const written = (this.#process?.outputRead() ?? Promise.resolve())
      .then(() => {
        for (const line of lines) this.#sandbox.log.platformLine(line);
      })
      .finally(() => this.#reports.delete(written));
    this.#reports.add(written);
  }

  #end(failureOf?: FailureOf): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#initTimer);
    this.#memory.leave();
    this.#process?.kill();
    this.#closed = this.#sandbox.api.close();
    rmSync(this.#sandbox.temporaryDirectory, { recursive: true, force: true });
    this.#events.onEnd(this, failureOf);
  }
}
