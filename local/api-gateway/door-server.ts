import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** Where and how the API is served. */
export interface Door {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** PEM. Default: plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export interface DoorPlace extends Door {
  /** 0: a free one. */
  readonly port: number;
  /** Beside others that listen there, too: the system spreads connections over all of them. Linux. Default: alone. */
  readonly shared?: boolean;
}

/** Larger than API Gateway allows, so that the gateway itself can say so. */
const MAX_HEADER_BYTES = 64 * 1024;
/** API Gateway's own, for connections that are silent. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
const KEEP_ALIVE_MILLIS = 300_000;

/** Resolves when it listens. Rejects when the port is taken, or a certificate does not fit its key. */
export async function openDoorServer(place: DoorPlace, handle: RequestListener): Promise<Server> {
  const { port, host = "127.0.0.1", tls, shared = false } = place;
  const options = {
    noDelay: true,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MILLIS,
    requestTimeout: KEEP_ALIVE_MILLIS,
  };
  const server =
    tls === undefined
      ? createServer(options, handle)
      : createTlsServer({ ...options, cert: tls.certificate, key: tls.key, minVersion: "TLSv1.2" }, handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, reusePort: shared }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return server;
}

/** Takes no more connections; resolves when those that it has are done with what they are at. */
export function closeWhenIdle(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => server.closeIdleConnections(), CLOSING_MILLIS);
    server.close(() => {
      clearInterval(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

const CLOSING_MILLIS = 100;
