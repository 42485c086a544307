/** The address of a serverless cache: TLS only, and nothing before a login. */
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { readCommand } from "./command-reader.ts";
import type { DataPlane } from "./data-plane.ts";
import { failure, OK } from "./embedded/replies.ts";

export interface CacheEndpointOptions {
  readonly certificate: string;
  readonly key: string;
  readonly data: DataPlane;
  /** Undefined: let in. */
  refusalOf(user: string, password: string): string | undefined;
  /** Somebody was not let in. */
  onRefused(reason: string): void;
}

export interface CacheEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/** The service ends connections after 12 hours. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html#auth-iam-limits */
const LONGEST_CONNECTION_MILLIS = 12 * 3_600_000;
const NO_LOGIN = failure("NOAUTH Authentication required.");
const REFUSED = failure("WRONGPASS invalid username-password pair or user is disabled.");

export async function openCacheEndpoint(options: CacheEndpointOptions): Promise<CacheEndpoint> {
  const connections = new Set<TLSSocket>();
  const server = createServer({ cert: options.certificate, key: options.key, noDelay: true }, (connection) => {
    connections.add(connection);
    const end = setTimeout(() => connection.destroy(), LONGEST_CONNECTION_MILLIS).unref();
    connection.on("close", () => {
      clearTimeout(end);
      connections.delete(connection);
    });
    connection.on("error", () => {});
    awaitLogin(connection, options);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.destroy();
      }),
  };
}

function awaitLogin(connection: TLSSocket, { data, refusalOf, onRefused }: CacheEndpointOptions): void {
  let waiting: Buffer = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    try {
      for (let next = readCommand(waiting); next !== undefined; next = readCommand(waiting)) {
        waiting = waiting.subarray(next.bytes);
        const [command, user, password] = next.args.map((argument) => argument.toString());
        if (command?.toUpperCase() !== "AUTH" || user === undefined || password === undefined) {
          connection.write(NO_LOGIN);
          continue;
        }
        const refusal = refusalOf(user, password);
        if (refusal !== undefined) {
          onRefused(refusal);
          connection.write(REFUSED);
          continue;
        }
        connection.off("data", take);
        connection.write(OK);
        return data.serve(connection, waiting);
      }
    } catch (error) {
      connection.end(failure(`ERR ${(error as Error).message}`));
    }
  };
  connection.on("data", take);
}
