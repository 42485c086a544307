import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
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

/** Where and how the API is served. */
export interface Door {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** PEM. Default: plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
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
    async listen(port, selection = {}, { host = "127.0.0.1", tls } = {}) {
      const { api, stage } = select(apis, selection);
      const gateway = new Gateway(api, stage, {
        context,
        ...dependencies,
        monotonicMillis: () => performance.now(),
        uuid: randomUUID,
        randomBytes,
      });
      const options = {
        noDelay: true,
        maxHeaderSize: MAX_HEADER_BYTES,
        keepAliveTimeout: KEEP_ALIVE_MILLIS,
        requestTimeout: KEEP_ALIVE_MILLIS,
      };
      const handle: RequestListener = (message, reply) => void gateway.handle(message, reply);
      const server =
        tls === undefined
          ? createServer(options, handle)
          : createTlsServer({ ...options, cert: tls.certificate, key: tls.key, minVersion: "TLSv1.2" }, handle);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve();
        });
      });
      servers.add(server);
      const address = host.includes(":") ? `[${host}]` : host;
      return `${tls === undefined ? "http" : "https"}://${address}:${(server.address() as AddressInfo).port}`;
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
