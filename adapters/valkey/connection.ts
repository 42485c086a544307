/** One connection: commands go out as they are asked for, replies come back in that order. */
import type { Socket } from "node:net";
import { type Argument, createReplyReader, encodeCommand, type Reply, ReplyError } from "./resp.ts";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionOptions {
  readonly address: ServerAddress;
  /** Undefined: plain TCP. `ca`: trusted certificates, PEM; absent: those of Mozilla, and NODE_EXTRA_CA_CERTS. */
  readonly tls: { readonly ca?: string; readonly session?: Buffer | undefined } | undefined;
  /** Asked when the connection is made, since a token is short-lived. Undefined: nobody logs in. */
  readonly login: (() => { readonly user: string; readonly password: string }) | undefined;
  /** A later connection to the same address may resume it. */
  onSession?(session: Buffer): void;
}

export interface Connection {
  /** Rejects with ReplyError when the server refuses, with another Error when the connection is lost. */
  send(args: readonly Argument[]): Promise<Exclude<Reply, ReplyError>>;
  /** Whether it is worth sending anything. */
  readonly isOpen: boolean;
  close(): void;
}

const CONNECT_MILLIS = 1_000;
/** A server that owes a reply for so long will not give it: whatever waits behind it waits in vain. */
const SILENCE_MILLIS = 1_500;

interface Waiting {
  readonly since: number;
  resolve(reply: Exclude<Reply, ReplyError>): void;
  reject(error: Error): void;
}

/** Commands may be sent at once: they wait for the connection, and behind the login. */
export function openConnection({ address, tls, login, onSession }: ConnectionOptions): Connection {
  const waiting: Waiting[] = [];
  let first = 0;
  let isOpen = true;
  let gathered: (string | Buffer)[] = [];
  const socket = connect(address, tls);
  const timer = setTimeout(() => fail(new Error(`no connection within ${CONNECT_MILLIS} ms`)), CONNECT_MILLIS);
  const reader = createReplyReader((reply) => {
    const next = waiting[first];
    if (next === undefined) throw new Error("a reply that nobody asked for");
    waiting[first] = DONE;
    first++;
    if (first === waiting.length) {
      waiting.length = 0;
      first = 0;
    }
    if (reply instanceof ReplyError) next.reject(reply);
    else next.resolve(reply);
  });

  function fail(error: Error): void {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(timer);
    socket.destroy();
    for (const one of waiting.splice(0).slice(first)) one.reject(error);
  }

  /** What is asked in one turn goes out in one write: many answers at once lead to many questions at once. */
  function gather(command: string | Buffer): void {
    gathered.push(command);
    if (gathered.length === 1) process.nextTick(flush);
  }

  function flush(): void {
    const commands = gathered;
    gathered = [];
    if (commands.length === 1) socket.write(commands[0] as string | Buffer);
    else if (commands.every((command) => typeof command === "string")) socket.write(commands.join(""));
    else socket.write(Buffer.concat(commands.map((command) => Buffer.from(command))));
  }

  function send(args: readonly Argument[]): Promise<Exclude<Reply, ReplyError>> {
    const now = performance.now();
    const oldest = waiting[first];
    if (oldest !== undefined && now - oldest.since > SILENCE_MILLIS) {
      fail(new Error(`${address.host}:${address.port} is silent`));
    }
    if (!isOpen) return Promise.reject(new Error(`the connection to ${address.host}:${address.port} is closed`));
    return new Promise((resolve, reject) => {
      waiting.push({ since: now, resolve, reject });
      gather(encodeCommand(args));
    });
  }

  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    try {
      reader.push(chunk);
    } catch (error) {
      fail(error as Error);
    }
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error(`${address.host}:${address.port} closed the connection`)));
  socket.once(tls === undefined ? "connect" : "secureConnect", () => clearTimeout(timer));
  if (onSession !== undefined) socket.on("session", onSession);
  if (login !== undefined) {
    const { user, password } = login();
    send(["AUTH", user, password]).catch(fail);
  }
  return {
    send,
    get isOpen() {
      return isOpen;
    },
    close: () => fail(new Error("closed")),
  };
}

const DONE: Waiting = { since: 0, resolve() {}, reject() {} };

/** Loaded with the first connection: TLS takes a cold start some milliseconds that has no use for it yet. */
function connect({ host, port }: ServerAddress, tls: ConnectionOptions["tls"]): Socket {
  if (tls === undefined) return process.getBuiltinModule("node:net").connect({ host, port });
  const { ca, session } = tls;
  return process.getBuiltinModule("node:tls").connect({
    host,
    port,
    // An address has no name that could be asked for.
    ...(!/^[\d.]+$|:/.test(host) && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(session !== undefined && { session }),
  });
}
