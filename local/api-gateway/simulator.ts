import { randomBytes, randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { FunctionPolicies, LambdaSimulator } from "../lambda/simulator.ts";
import type { FunctionInvoker, LogSink, Simulator, SimulatorContext } from "../simulator.ts";
import type { Door } from "./door-server.ts";
import { Gateway } from "./gateway.ts";
import { PublicDoor } from "./public-door.ts";
import { apiGatewayResources } from "./resources.ts";
import type { RestApi, Stage } from "./rest-api.ts";
import type { ThreadGateway } from "./thread-door.ts";

export type { Door } from "./door-server.ts";

export interface ApiGatewayDependencies {
  readonly functions: FunctionInvoker & FunctionPolicies & Partial<Pick<LambdaSimulator, "openThreadDoors">>;
  readonly logs: LogSink;
}

export interface ApiSelection {
  /** The API's name or id. Default: the first in the templates that has a stage. */
  readonly api?: string;
  /** Default: the API's first. */
  readonly stage?: string;
}

export interface ApiGatewaySimulator extends Simulator {
  /** APIs with their stages, as far as the templates have created them. */
  apis(): readonly { readonly id: string; readonly name: string; readonly stages: readonly string[] }[];
  /**
   * Serves one stage at `/` of `http://127.0.0.1:<port>`, as a custom domain would; port 0 takes a free one. Call it when
   * all resources exist; each call opens another door. Rejects when the port is taken, a certificate does not fit its key or
   * there is no such API.
   */
  listen(port: number, selection?: ApiSelection, door?: Door): Promise<string>;
  /**
   * As `listen`, with the threads of a function on managed instances serving the port while they can: a request then crosses no
   * other process. Where the system cannot share a port, or no integration names such a function, the platform serves it.
   */
  listenInThreads(port: number, door?: Door): Promise<string>;
}

/** libuv shares a port as it is needed here (SO_REUSEPORT, connections spread evenly) on few systems. */
const SHARES_PORTS = process.platform === "linux";
/** A function that takes longer to start is waited for behind the platform's own door. */
const HAND_OVER_MILLIS = 5000;

/** API Gateway: the REST APIs of the templates, served on ports of this machine. */
export function createApiGatewaySimulator(
  context: SimulatorContext,
  dependencies: ApiGatewayDependencies,
): ApiGatewaySimulator {
  const apis = new Map<string, RestApi>();
  const doors = new Set<PublicDoor>();

  const handlerOf = (api: RestApi, stage: Stage): RequestListener => {
    const gateway = new Gateway(api, stage, {
      context,
      ...dependencies,
      monotonicMillis: () => performance.now(),
      uuid: randomUUID,
      randomBytes,
    });
    return (message, reply) => void gateway.handle(message, reply);
  };
  const open = async (port: number, door: Door, shared: boolean, handle: RequestListener): Promise<PublicDoor> => {
    const opened = await PublicDoor.open(port, door, shared, handle);
    doors.add(opened);
    return opened;
  };

  return {
    resources: apiGatewayResources(apis),
    apis: () => [...apis.values()].map(({ id, name, stages }) => ({ id, name, stages: [...stages.keys()] })),
    async listen(port, selection = {}, door = {}) {
      const { api, stage } = select(apis, selection);
      return (await open(port, door, false, handlerOf(api, stage))).url;
    },
    async listenInThreads(port, door = {}) {
      const { api, stage } = select(apis, {});
      const { openThreadDoors } = dependencies.functions;
      const handle = handlerOf(api, stage);
      if (!SHARES_PORTS || openThreadDoors === undefined) return (await open(port, door, false, handle)).url;
      const own = await open(0, {}, false, handle);
      const shared = await open(port, door, true, handle);
      const gateway: ThreadGateway = {
        api,
        stageName: stage.name,
        region: context.region,
        accountId: context.accountId,
        place: { ...door, port: shared.port, shared: true },
        platformPort: own.port,
      };
      const { promise: handedOver, resolve } = Promise.withResolvers<void>();
      const found = openThreadDoors(functionArns(api), {
        module: import.meta.resolve("./thread-door.ts"),
        gateway,
        onOpen() {
          shared.handOver();
          resolve();
        },
        onClosed: () => shared.takeBack(),
        onNews: (news) =>
          news.type === "line"
            ? dependencies.logs.append(news.logGroup, news.logStream, news.line)
            : context.emit(news),
      });
      // Who is told the address may call at once: no connection is to fall into the moment of the change.
      if (found) await Promise.race([handedOver, sleep(HAND_OVER_MILLIS, undefined, { ref: false })]);
      return shared.url;
    },
    async stop() {
      await Promise.all([...doors].map((door) => door.close()));
      doors.clear();
    },
  };
}

/** That integrations name; those with a variable in them are known with a request only. */
function functionArns({ resources }: RestApi): readonly string[] {
  const methods = [...resources.values()].flatMap((resource) => [...resource.methods.values()]);
  const named = methods.flatMap(({ integration }) => (integration.type === "lambda" ? [integration.functionArn] : []));
  return [...new Set(named)].filter((functionArn) => !functionArn.includes("$"));
}

function select(apis: ReadonlyMap<string, RestApi>, selection: ApiSelection): { api: RestApi; stage: Stage } {
  const all = [...apis.values()];
  const api = all.find(({ id, name, stages }) =>
    selection.api === undefined ? stages.size > 0 : id === selection.api || name === selection.api,
  );
  const stage = selection.stage === undefined ? api?.stages.values().next().value : api?.stages.get(selection.stage);
  if (api !== undefined && stage !== undefined) return { api, stage };
  const known =
    all.map(({ name, stages }) => `${name} (${[...stages.keys()].join(", ") || "no stage"})`).join("; ") || "none";
  throw new Error(
    `There is no REST API${selection.api === undefined ? "" : ` "${selection.api}"`} with a stage${
      selection.stage === undefined ? "" : ` "${selection.stage}"`
    } in the templates; there are: ${known}.`,
  );
}
