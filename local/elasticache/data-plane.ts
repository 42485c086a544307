/** What answers once a connection is logged in: a real server, or the embedded one. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { readCommand } from "./command-reader.ts";
import { run } from "./embedded/commands.ts";
import { failure } from "./embedded/replies.ts";
import { createKeyStore } from "./embedded/store.ts";

export interface DataPlane {
  /** For the platform's own messages. */
  readonly what: string;
  /** Serves a connection from now on; `first`: what came already. */
  serve(connection: Duplex, first: Buffer): void;
  /** Of the data that it holds; undefined when it does not answer. */
  bytesUsed(): Promise<number | undefined>;
  stop(): Promise<void>;
}

const PROGRAMS = ["valkey-server", "redis-server"];
const MAX_BYTES = 256 * 1024 * 1024;
/** SET with NX and GET came with 7. */
const OLDEST_MAJOR_VERSION = 7;

/** `url`: of a running server (`redis://host:port`). Without it one is started where it is installed, else the embedded one serves. */
export async function openDataPlane(url: string | undefined, clock: () => number): Promise<DataPlane> {
  if (url !== undefined) {
    const { hostname, port } = new URL(url);
    return behind(
      `the server at ${url}`,
      () => connect({ host: hostname, port: Number(port || 6379) }),
      async () => {},
    );
  }
  const program = PROGRAMS.find(isUsable);
  return program === undefined ? embedded(clock) : startServer(program);
}

function isUsable(program: string): boolean {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 && Number(/v=(\d+)/.exec(stdout)?.[1]) >= OLDEST_MAJOR_VERSION;
}

export function embedded(clock: () => number): DataPlane {
  const store = createKeyStore(MAX_BYTES, clock);
  return {
    what: "the embedded server",
    serve(connection, first) {
      let waiting: Buffer = Buffer.alloc(0);
      const take = (chunk: Buffer): void => {
        waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
        const replies: Buffer[] = [];
        try {
          for (let next = readCommand(waiting); next !== undefined; next = readCommand(waiting)) {
            waiting = waiting.subarray(next.bytes);
            replies.push(run(next.args, store, clock()));
          }
        } catch (error) {
          connection.end(Buffer.concat([...replies, failure(`ERR ${(error as Error).message}`)]));
          return;
        }
        if (replies.length > 0)
          connection.write(replies.length === 1 ? (replies[0] as Buffer) : Buffer.concat(replies));
      };
      if (first.length > 0) take(first);
      connection.on("data", take);
    },
    bytesUsed: async () => store.bytes(),
    async stop() {},
  };
}

/** The server ends with the platform, also where that is killed: its pipe to the shell closes then. */
const UNTIL_PARENT_ENDS = '"$0" "$@" & server=$!; exec >/dev/null; cat >/dev/null; kill -9 $server';

async function startServer(program: string): Promise<DataPlane> {
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const memory = ["--maxmemory", String(MAX_BYTES), "--maxmemory-policy", "allkeys-lru"];
  const child = spawn("/bin/sh", ["-c", UNTIL_PARENT_ENDS, program, ...options, ...memory], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  await untilReady(child, program);
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.stdin?.end();
    });
  return behind(program, () => connect({ host: "127.0.0.1", port }), stop);
}

function untilReady(child: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.stdout?.once("end", () => reject(new Error(`${program} ended before it was ready`)));
    child.stdout?.on("data", (text: Buffer) => {
      if (text.includes("Ready to accept connections")) resolve();
    });
  });
}

function behind(what: string, open: () => Socket, stop: () => Promise<void>): DataPlane {
  return {
    what,
    stop,
    serve(connection, first) {
      const server = open();
      server.setNoDelay(true);
      server.on("error", () => connection.destroy());
      server.on("close", () => connection.destroy());
      connection.on("close", () => server.destroy());
      if (first.length > 0) server.write(first);
      connection.pipe(server);
      server.pipe(connection);
    },
    bytesUsed: () => askBytesUsed(open()),
  };
}

const INFO = "*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n";
const LONGEST_INFO_MILLIS = 1000;

/** https://valkey.io/commands/info/ under "memory" */
function askBytesUsed(server: Socket): Promise<number | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const answer = (bytes: number | undefined): void => {
      server.destroy();
      resolve(bytes);
    };
    server.setTimeout(LONGEST_INFO_MILLIS, () => answer(undefined));
    server.on("error", () => answer(undefined));
    server.on("close", () => answer(undefined));
    server.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const found = /^used_memory_dataset:(\d+)\r$/m.exec(text)?.[1];
      if (found !== undefined) answer(Number(found));
    });
    server.write(INFO);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject()));
    });
  });
}
