/** The address of a serverless cache: TLS only, and nothing before a login. */
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { readCommand } from "./command-reader.ts";
import type { DataPlane } from "./data-plane.ts";
import { failure, OK } from "./embedded/replies.ts";
import { createUsageMeter } from "./usage-meter.ts";

/** `unreachable`: no network leads here from there, so nothing answers. */
export type Verdict = "let-in" | "refused" | "unreachable";

export interface CacheEndpointOptions {
  readonly certificate: string;
  readonly key: string;
  readonly data: DataPlane;
  judge(user: string, password: string): Promise<Verdict>;
  /** Processing units, as a connection uses them. */
  onUse(units: number): void;
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

/** Commands before a login are answered in their order; what comes after it is the server's business. */
function awaitLogin(connection: TLSSocket, { data, judge, onUse }: CacheEndpointOptions): void {
  let waiting: Buffer = Buffer.alloc(0);
  let isJudging = false;
  const take = (chunk: Buffer): void => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    if (isJudging) return;
    isJudging = true;
    answer()
      .catch((error: unknown) => connection.end(failure(`ERR ${(error as Error).message}`)))
      .finally(() => {
        isJudging = false;
      });
  };

  async function answer(): Promise<void> {
    for (let next = readCommand(waiting); next !== undefined; next = readCommand(waiting)) {
      waiting = waiting.subarray(next.bytes);
      const [command, user, password] = next.args.map((argument) => argument.toString());
      if (command?.toUpperCase() !== "AUTH" || user === undefined || password === undefined) {
        connection.write(NO_LOGIN);
        continue;
      }
      const verdict = await judge(user, password);
      if (verdict === "refused") {
        connection.write(REFUSED);
        continue;
      }
      connection.off("data", take);
      if (verdict === "unreachable") return;
      connection.write(OK);
      meter(connection, waiting, onUse);
      return data.serve(connection, waiting);
    }
  }
  connection.on("data", take);
}

/** Listens on both ways, and changes nothing on them. */
function meter(connection: TLSSocket, first: Buffer, onUse: (units: number) => void): void {
  const { request, reply } = createUsageMeter(onUse);
  if (first.length > 0) request(first);
  connection.on("data", request);
  const write = connection.write.bind(connection);
  connection.write = ((chunk: Buffer, ...rest: []) => {
    reply(chunk);
    return write(chunk, ...rest);
  }) as typeof connection.write;
}
