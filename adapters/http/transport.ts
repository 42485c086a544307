/** HTTP to other services, those of AWS and upstreams: connections kept alive, every wait bounded. */
import type { Agent, IncomingMessage } from "node:http";

export interface TransportRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** Until a connection stands. */
  readonly connectTimeoutMillis: number;
  /** Longest silence of the other side, before its first byte and between any two. */
  readonly silenceTimeoutMillis: number;
  /** Ends the request, also while its answer is read. */
  readonly signal?: AbortSignal | undefined;
}

export type Transport = (request: TransportRequest) => Promise<IncomingMessage>;

/** No answer came: nothing is known about whether the request arrived, unless `refused`. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  /** The request cannot have been processed: no connection stood, or a kept one was found closed when it was used again. */
  readonly neverArrived: boolean;
  /** A kept connection was found closed: another one may stand at once. */
  readonly closedWhileKept: boolean;

  constructor(message: string, neverArrived: boolean, cause?: unknown, closedWhileKept = false) {
    super(message, { cause });
    this.neverArrived = neverArrived;
    this.closedWhileKept = closedWhileKept;
  }
}

const MAX_CONNECTIONS = 32;

export interface TransportOptions {
  /** Certificates that are trusted, PEM; absent: those of Mozilla that Node brings. */
  readonly ca?: string;
  /** To one host. Default 32. */
  readonly maxConnections?: number;
  /** Whether connections stay for the next request. Default true. */
  readonly keepAlive?: boolean;
}

/** Nagle's algorithm is off by default in Node; TCP keep-alive notices a peer that went away during a freeze. */
const AGENT_OPTIONS = { keepAliveMsecs: 1_000 };

/** Nothing is loaded or opened before the first request. */
export function createTransport({
  ca,
  maxConnections = MAX_CONNECTIONS,
  keepAlive = true,
}: TransportOptions = {}): Transport {
  const agents = new Map<string, Agent>();

  function agentFor(protocol: string): Agent {
    let agent = agents.get(protocol);
    if (agent === undefined) {
      agent = new (clientFor(protocol).Agent)({
        ...AGENT_OPTIONS,
        keepAlive,
        maxSockets: maxConnections,
        maxFreeSockets: maxConnections,
        ...(ca !== undefined && { ca }),
      });
      agents.set(protocol, agent);
    }
    return agent;
  }

  return ({ url, method, headers, body, connectTimeoutMillis, silenceTimeoutMillis, signal }) =>
    new Promise((resolve, reject) => {
      const encrypted = url.protocol === "https:";
      const request = clientFor(url.protocol).request(url, {
        method,
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        agent: agentFor(url.protocol),
        timeout: silenceTimeoutMillis,
        ...(signal && { signal }),
      });
      let connected = false;
      const connectTimer = setTimeout(() => {
        request.destroy(new NoAnswer(`no connection to ${url.host} within ${connectTimeoutMillis} ms`, true));
      }, connectTimeoutMillis);
      const onConnected = () => {
        connected = true;
        clearTimeout(connectTimer);
      };
      request.on("socket", (socket) => {
        if (socket.connecting) socket.once(encrypted ? "secureConnect" : "connect", onConnected);
        else onConnected();
      });
      request.on("timeout", () => {
        request.destroy(new NoAnswer(`${url.host} was silent for ${silenceTimeoutMillis} ms`, false));
      });
      request.on("response", resolve);
      request.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(connectTimer);
        if (error instanceof NoAnswer) return reject(error);
        const closedWhileKept = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        const message = `${url.host}: ${error.code ?? error.message}`;
        reject(new NoAnswer(message, !connected || closedWhileKept, error, closedWhileKept));
      });
      request.end(body);
    });
}

/**
 * Not by `import`: the ES module face of node:http reads all of its exports, WebSocket among them, and so loads undici. That
 * is 12 to 25 ms of every cold start for something that nobody here uses.
 */
const clientFor = (protocol: string) =>
  protocol === "https:" ? process.getBuiltinModule("node:https") : process.getBuiltinModule("node:http");

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The whole body; at most `maxBytes`. */
export async function readBody(message: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const pieces = await readPieces(message, maxBytes);
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

/** The same in the pieces in which it came: of megabytes, copying them together is a good part of the cost. */
export function readPieces(message: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<readonly Buffer[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Buffer[]>();
  const pieces: Buffer[] = [];
  let bytes = 0;
  const brokeOff = (cause?: unknown) => reject(new NoAnswer(`the answer broke off after ${bytes} bytes`, false, cause));
  // By events: an iteration over the stream takes a third more of the processor.
  message
    .on("data", (piece: Buffer) => {
      bytes += piece.length;
      pieces.push(piece);
      if (bytes <= maxBytes) return;
      reject(new NoAnswer(`an answer of more than ${maxBytes} bytes`, false));
      message.destroy();
    })
    .once("end", () => resolve(pieces))
    .once("error", (error) => (error instanceof NoAnswer ? reject(error) : brokeOff(error)))
    .once("close", () => brokeOff());
  return promise;
}
