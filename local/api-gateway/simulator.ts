import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { FunctionPolicies } from "../lambda/simulator.ts";
import type { FunctionInvoker, LogSink, Simulator, SimulatorContext } from "../simulator.ts";
import { Gateway } from "./gateway.ts";
import { apiGatewayResources } from "./resources.ts";
import type { RestApi, Stage } from "./rest-api.ts";

export interface ApiGatewayDependencies {
  readonly functions: FunctionInvoker & FunctionPolicies;
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
   * all resources exist. Rejects when the port is taken or there is no such API.
   */
  listen(port: number, selection?: ApiSelection): Promise<string>;
}

/** Larger than API Gateway allows, so that the gateway itself can say so. */
const MAX_HEADER_BYTES = 64 * 1024;
/** API Gateway's own, for connections that are silent. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
const KEEP_ALIVE_MILLIS = 300_000;

/** API Gateway: the REST APIs of the templates, served on ports of this machine. */
export function createApiGatewaySimulator(
  context: SimulatorContext,
  dependencies: ApiGatewayDependencies,
): ApiGatewaySimulator {
  const apis = new Map<string, RestApi>();
  const servers = new Set<Server>();

  return {
    resources: apiGatewayResources(apis),
    apis: () => [...apis.values()].map(({ id, name, stages }) => ({ id, name, stages: [...stages.keys()] })),
    async listen(port, selection = {}) {
      const { api, stage } = select(apis, selection);
      const gateway = new Gateway(api, stage, {
        context,
        ...dependencies,
        monotonicMillis: () => performance.now(),
        uuid: randomUUID,
        randomBytes,
      });
      const server = createServer(
        {
          noDelay: true,
          maxHeaderSize: MAX_HEADER_BYTES,
          keepAliveTimeout: KEEP_ALIVE_MILLIS,
          requestTimeout: KEEP_ALIVE_MILLIS,
        },
        (message, reply) => void gateway.handle(message, reply),
      );
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => {
          server.off("error", reject);
          resolve();
        });
      });
      servers.add(server);
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async stop() {
      await Promise.all(
        [...servers].map((server) => {
          servers.delete(server);
          const closed = new Promise<void>((resolve) => server.close(() => resolve()));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
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
