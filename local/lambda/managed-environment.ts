import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serialize } from "node:v8";
import type { InvocationResult } from "../simulator.ts";
import type { Delivery } from "./delivery.ts";
import { manyRequestsNodeArguments, threadsOf } from "./environment-variables.ts";
import type { EnvironmentInvocation } from "./execution-environment.ts";
import { exitFailure, type KillReason } from "./exit-failure.ts";
import type { FailureDocument } from "./function-failure.ts";
import type { FunctionVersion } from "./function-version.ts";
import type { InvocationChannel } from "./invocation-channel.ts";
import { invocationEvent, invocationReport } from "./invocation-report.ts";
import { PROVISIONED_INIT_TIMEOUT_MILLIS } from "./limits.ts";
import { LogSpools } from "./log-spools.ts";
import { MemoryWatch } from "./memory.ts";
import { RunningInvocation } from "./running-invocation.ts";
import { prepareSandbox, type Sandbox } from "./sandbox.ts";
import { type ProcessExit, SandboxProcess } from "./sandbox-process.ts";
import type { SandboxServices } from "./sandbox-services.ts";
import type { DoorAssignment, DoorNews, ThreadDoor, ThreadInvocations } from "./thread-door.ts";

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
/** As long as Lambda gives a runtime that is told to shut down. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown */
const LEAVING_MILLIS = 2000;

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
  readonly #channels = new Set<InvocationChannel>();
  /** Whose thread listens for requests, or still answers some that came to it. */
  readonly #doors = new Set<InvocationChannel>();
  #door: { readonly door: ThreadDoor; readonly assignmentFile: string } | undefined;
  #spools: LogSpools | undefined;
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
      onChannel: (channel, state) => environment?.onChannel(channel, state),
      onNews: (news, channel) => environment?.onNews(news, channel),
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

  /** Has each of its threads, now or when it starts, open the door. */
  openDoors(door: ThreadDoor, invocations: Omit<ThreadInvocations, "concurrency">): void {
    const concurrency = Math.max(1, Math.ceil(this.#concurrency / threadsOf(this.version)));
    this.#spools = new LogSpools(`${this.#sandbox.temporaryDirectory}.lines`, {
      onLog: (line) => this.#sandbox.log.functionLine(line),
      onNews: (text) => this.#onSpooled(JSON.parse(text) as DoorNews),
    });
    const assignment: DoorAssignment & { readonly module: string } = {
      module: door.module,
      gateway: door.gateway,
      invocations: { ...invocations, concurrency },
      spool: this.#spools.directory,
    };
    const assignmentFile = `${this.#sandbox.temporaryDirectory}.door`;
    // It holds the key of the certificate; whoever finds the Runtime API's port may open a channel.
    writeFileSync(assignmentFile, serialize(assignment), { mode: 0o600 });
    this.#door = { door, assignmentFile };
    for (const channel of this.#channels) channel.openDoor(assignmentFile);
  }

  /** Ends it now when nothing runs, else after the last invocation. */
  retire(): void {
    this.#retired = true;
    if (this.#doors.size > 0) {
      this.#door?.door.onClosed();
      for (const channel of this.#doors) channel.closeDoor();
    }
    this.#endIfDone();
  }

  /** Ends it now, whatever it does. */
  async stop(): Promise<void> {
    this.#retired = true;
    this.#killReason ??= "stopped";
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

  onChannel(channel: InvocationChannel, state: "open" | "closed"): void {
    if (state === "closed") {
      this.#channels.delete(channel);
      return this.#doorClosed(channel);
    }
    this.#channels.add(channel);
    if (this.#door !== undefined) channel.openDoor(this.#door.assignmentFile);
  }

  onNews(news: DoorNews, channel: InvocationChannel): void {
    switch (news.type) {
      case "door-open":
        this.#doors.add(channel);
        if (this.#doors.size === threadsOf(this.version) && !this.#retired) this.#door?.door.onOpen();
        else if (this.#retired) channel.closeDoor();
        return;
      case "door-closed":
        return this.#doorClosed(channel);
      case "door-failed":
        return this.#services.context.emit({
          type: "warning",
          message: `${this.version.functionName}: a thread could not open its door: ${news.message}`,
        });
      case "spooled":
        return this.#spools?.read(news.path);
      default:
        return this.#onSpooled(news);
    }
  }

  #onSpooled(news: DoorNews): void {
    if (news.type === "line" || news.type === "warning") return this.#door?.door.onNews(news);
    if (news.type !== "ran") return;
    this.#sandbox.log.platformLine(this.#sandbox.records.start(news.requestId));
    this.#report(news.requestId, news.failure, news.durationMillis);
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
    this.#report(requestId, run.answer.failure, this.#services.monotonicMillis() - run.startedAt);
    if (this.#retired) this.#endIfDone();
    else this.#events.onRoom();
  }

  #doorClosed(channel: InvocationChannel): void {
    if (!this.#doors.delete(channel)) return;
    if (this.#doors.size === 0 && !this.#retired) this.#door?.door.onClosed();
    if (this.#retired) this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#running.size === 0 && this.#doors.size === 0) this.#end();
  }

  #report(requestId: string, failure: FailureDocument | undefined, durationMillis: number): void {
    const initMillis = this.#initMillis;
    this.#initMillis = undefined;
    const report = invocationReport({
      version: this.version,
      initialization: INITIALIZATION,
      requestId,
      durationMillis,
      initMillis,
      maxMemoryMegabytes: this.#memory.maxMegabytes,
      failure,
      processEnded: this.#process === undefined || failure?.errorType === "Sandbox.Timedout",
    });
    const lines = this.#sandbox.records.end(report);
    if (lines.length > 0) this.#writeBehindOutput(lines);
    this.#services.context.emit(invocationEvent(this.version.functionName, report, failure));
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
    this.#closed = this.#leave();
    this.#events.onEnd(this, failureOf);
  }

  /** Threads whose channel closes give back what they hold, and end; those that take too long are ended. */
  async #leave(): Promise<void> {
    const leaving = this.#process;
    await this.#sandbox.api.close();
    if (leaving !== undefined) {
      await Promise.race([leaving.exited, sleep(LEAVING_MILLIS, undefined, { ref: false })]);
      leaving.kill();
      await leaving.exited;
    }
    this.#spools?.end();
    rmSync(`${this.#sandbox.temporaryDirectory}.door`, { force: true });
    rmSync(this.#sandbox.temporaryDirectory, { recursive: true, force: true });
  }
}
