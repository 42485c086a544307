import { randomBytes, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { RandomPool } from "../random-pool.ts";
import type { AccessControl, FunctionInvoker, LogSink, MetricSink, Simulator, SimulatorContext } from "../simulator.ts";
import { createLambdaApi } from "./api/service.ts";
import { CodeDirectories } from "./code-directories.ts";
import { EventQueue } from "./event-queue.ts";
import { FunctionStore } from "./functions.ts";
import { Invoker } from "./invoker.ts";
import { ManagedInstances } from "./managed-instances.ts";
import { defaultLambdaOptions, type LambdaOptions } from "./options.ts";
import { Reaper } from "./reaper.ts";
import { allowsService, type ServiceInvocation } from "./resource-policy.ts";
import { lambdaResources } from "./resources.ts";
import { requireRole } from "./role-check.ts";
import type { SandboxServices } from "./sandbox-services.ts";
import { Scheduler } from "./scheduler.ts";
import type { ThreadDoor } from "./thread-door.ts";
import { poolOfThreads } from "./thread-functions.ts";

export interface LambdaDependencies {
  readonly access: AccessControl;
  readonly logs: LogSink;
  readonly metrics: MetricSink;
  /** File with certificates that functions are to trust beside the usual ones. Default: none. */
  readonly certificateFile?: () => string | undefined;
  /** What differs from `defaultLambdaOptions`. */
  readonly options?: Partial<LambdaOptions>;
}

/** Asked by services before they invoke a function on behalf of a resource. */
export interface FunctionPolicies {
  /** Whether an AWS::Lambda::Permission lets the service invoke the function; false also when there is no such function. */
  allowsInvocation(functionArn: string, invocation: Omit<ServiceInvocation, "qualifier">): boolean;
}

export interface LambdaSimulator extends Simulator, FunctionInvoker, FunctionPolicies {
  functionNames(): readonly string[];
  /**
   * Lets the threads of one function answer what comes to an API by themselves: of those on managed instances the one that most of
   * the ARNs name, which are those of the API's integrations. False, and nothing happens, when there is none.
   */
  openThreadDoors(functionArns: readonly string[], door: ThreadDoor): boolean;
  /**
   * What a deployment of new code would do: requests from now on run the code of `directory`, those under way end with
   * the old. The newest published version gets it too, as its alias would move. The directory is copied.
   */
  replaceCode(functionName: string, directory: string): Promise<void>;
}

/** Lambda: functions of the templates as real processes behind the Runtime API, and the Lambda API at the endpoint. */
export function createLambdaSimulator(context: SimulatorContext, dependencies: LambdaDependencies): LambdaSimulator {
  const options = { ...defaultLambdaOptions(), ...dependencies.options };
  const { access, logs, metrics } = dependencies;
  const root = join(context.stateDirectory, "lambda");
  const directories = new CodeDirectories(join(root, "code"));
  const random = new RandomPool(randomBytes);
  const identity = {
    clock: context.clock,
    randomHex: (bytes: number) => random.take(bytes).toString("hex"),
    uuid: randomUUID,
  };
  const functions = new FunctionStore(context, Math.random);
  const reaper = new Reaper();
  const services: SandboxServices = {
    context,
    access,
    logs,
    metrics,
    reaper,
    certificateFile: dependencies.certificateFile ?? (() => undefined),
    node: process.execPath,
    runtimeDirectory: join(root, "code", "runtime"),
    temporaryRoot: join(root, "tmp"),
    memorySampleMillis: options.memorySampleMillis,
    monotonicMillis: () => performance.now(),
    randomHex: identity.randomHex,
  };
  const scheduler = new Scheduler(options, services);
  const instances = new ManagedInstances(options, services);
  const invoker = new Invoker(functions, scheduler, instances, identity);
  const events = new EventQueue(invoker, functions, options, context.clock, context.emit);

  let prepared: Promise<void> | undefined;
  const prepare = () => {
    prepared ??= directories
      .clear()
      .then(() => rm(join(root, "tmp"), { recursive: true, force: true }))
      .then(() => directories.runtime(join(import.meta.dirname, "runtime")))
      .then(() => undefined);
    return prepared;
  };
  const resources = Object.entries(lambdaResources(context, functions, directories)).map(
    ([type, behaviour]) =>
      [
        type,
        {
          ...behaviour,
          create: (resource: Parameters<typeof behaviour.create>[0]) =>
            prepare().then(() => behaviour.create(resource)),
        },
      ] as const,
  );

  return {
    resources: Object.fromEntries(resources),
    service: createLambdaApi({ account: context, functions, invoker, events, uuid: identity.uuid }),
    async start() {
      await prepare();
      // Lambda refuses to create such a function; here the trust policy may come to life after it.
      for (const { latest } of functions.all) requireRole(access, latest.version);
      for (const { latest } of functions.all) if (latest.version.managedInstances) instances.start(latest);
      const pools = functions.all.flatMap(({ published }) => [...published.values()]);
      await Promise.all(pools.map((pool) => scheduler.provision(pool)));
    },
    async stop() {
      await Promise.all([scheduler.stop(), instances.stop(), events.stop()]);
      await reaper.stop();
    },
    invoke: (invocation) => invoker.invoke(invocation),
    allowsInvocation(functionArn, invocation) {
      try {
        const { function: found, qualifier } = functions.named(functionArn);
        return allowsService(found.policy, { ...invocation, ...(qualifier === undefined ? {} : { qualifier }) });
      } catch {
        return false;
      }
    },
    functionNames: () => functions.all.map(({ name }) => name),
    openThreadDoors(functionArns, door) {
      const found = poolOfThreads(functions, functionArns);
      if (found !== undefined) instances.openDoors(found.pool, door, found.functions);
      return found !== undefined;
    },
    async replaceCode(functionName, directory) {
      const { function: found } = functions.named(functionName);
      const codeDirectory = await directories.copy(functionName, directory);
      const lastModified = new Date(context.clock()).toISOString().replace("Z", "+0000");
      for (const pool of [found.latest, [...found.published.values()].at(-1)]) {
        pool?.replace({ ...pool.version, codeDirectory, lastModified });
        if (pool?.version.managedInstances) instances.start(pool);
        else if (pool !== undefined) await scheduler.provision(pool);
      }
    },
  };
}
