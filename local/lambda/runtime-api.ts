import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { AnswerSink, Delivery, NextInvocation } from "./delivery.ts";
import type { FailureDocument } from "./function-failure.ts";
import { InvocationChannel } from "./invocation-channel.ts";
import { MAX_BUFFERED_RESPONSE_BYTES } from "./limits.ts";
import { CHANNEL_PROTOCOL } from "./runtime/frames.mjs";
import type { DoorNews } from "./thread-door.ts";

/**
 * The Runtime API of one execution environment, on a port of its own as in the sandbox.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export interface RuntimeApiEvents {
  /**
   * The runtime is ready for an invocation. One request at a time: the first call ends init, a later one the invocation
   * before. Many at a time: one more thread waits.
   */
  onNext(): void;
  onInitError(failure: FailureDocument): void;
  /** The answer of an invocation begins; its chunks follow. */
  onResponse(response: RuntimeResponse, requestId: string): void;
  onInvocationError(failure: FailureDocument, requestId: string): void;
  /** Lines of the function's log that did not come through its stdout. */
  onLog(lines: Buffer): void;
  /** A thread has opened a channel, or closed it. */
  onChannel?(channel: InvocationChannel, state: "open" | "closed"): void;
  /** What a thread says of the door that it was told to open. */
  onNews?(news: DoorNews, channel: InvocationChannel): void;
}

export interface RuntimeResponse {
  readonly streaming: boolean;
  readonly contentType: string;
  readonly message: IncomingMessage;
  /** Answers the runtime: it goes on only then. */
  accept(): void;
  /** The answer is larger than Lambda takes. */
  refuseAsTooLarge(): void;
}

const ROOT = "/2018-06-01/runtime/";
const INVOCATION = /^invocation\/([^/]+)\/(response|error)$/;
/** An error document with its stack; larger ones are cut off by AWS too. */
const MAX_ERROR_BYTES = 256 * 1024;

/** Whoever asked for an invocation: a thread of the runtime, known by the connection that it asks on. */
interface Asker {
  readonly reply: ServerResponse;
  readonly connection: Socket;
}

interface OpenInvocation {
  readonly connection: Socket;
  answered: boolean;
}

export class RuntimeApi {
  readonly #server: Server;
  readonly #events: RuntimeApiEvents;
  readonly #manyRequests: boolean;
  #waiting: Asker[] = [];
  /** Delivered, and neither answered to the end nor given up. */
  readonly #open = new Map<string, OpenInvocation>();
  readonly #channels = new Set<InvocationChannel>();
  /** Not the server's any more: `close` has to end them itself. */
  readonly #upgraded = new Set<Socket>();

  private constructor(events: RuntimeApiEvents, manyRequests: boolean) {
    this.#events = events;
    this.#manyRequests = manyRequests;
    this.#server = createServer(
      // Requests may wait for an invocation for minutes, and a streamed answer may take 15.
      {
        noDelay: true,
        keepAliveTimeout: 0,
        requestTimeout: 0,
        headersTimeout: 0,
        connectionsCheckingInterval: 2 ** 30,
      },
      (message, reply) => this.#handle(message, reply),
    );
    if (manyRequests)
      this.#server.on("upgrade", (message, socket: Socket, head) => this.#openChannel(message, socket, head));
  }

  /** `manyRequests`: several threads ask, and each may ask again before it has answered. */
  static async listen(events: RuntimeApiEvents, manyRequests = false): Promise<RuntimeApi> {
    const api = new RuntimeApi(events, manyRequests);
    await new Promise<void>((resolve, reject) => {
      api.#server.once("error", reject);
      api.#server.listen(0, "127.0.0.1", resolve);
    });
    return api;
  }

  /** Host and port, as AWS_LAMBDA_RUNTIME_API says them. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Whether somebody waits for an invocation. */
  get asked(): boolean {
    return this.#channels.size > 0 || this.#waiting.length > 0;
  }

  /**
   * Gives it to a channel, or answers a waiting `next`: of several threads, to the one that has the least to do. `sink` gets what
   * comes on a channel; what is posted goes to the events.
   */
  deliver(invocation: NextInvocation, sink?: AnswerSink): Delivery {
    const channel = this.#leastBusyChannel();
    if (channel !== undefined && sink !== undefined) return channel.deliver(invocation, sink);
    const asker = this.#leastBusy();
    if (asker === undefined) throw new Error("The runtime has not asked for an invocation.");
    const { reply, connection } = asker;
    this.#waiting = this.#waiting.filter((other) => other !== asker);
    this.#open.set(invocation.requestId, { connection, answered: false });
    reply.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": invocation.payload.byteLength,
      "Lambda-Runtime-Aws-Request-Id": invocation.requestId,
      "Lambda-Runtime-Deadline-Ms": String(invocation.deadlineMillis),
      "Lambda-Runtime-Invoked-Function-Arn": invocation.invokedFunctionArn,
      "Lambda-Runtime-Trace-Id": invocation.traceId,
      ...(invocation.clientContext === undefined ? {} : { "Lambda-Runtime-Client-Context": invocation.clientContext }),
    });
    reply.end(invocation.payload);
    return { cancel: () => undefined, forget: () => void this.#open.delete(invocation.requestId) };
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    return closed;
  }

  /** Our own runtime asks for it; AWS's asks for one invocation after the other. */
  #openChannel(message: IncomingMessage, socket: Socket, head: Buffer): void {
    if (message.url !== `${ROOT}invocation/channel` || message.headers.upgrade !== CHANNEL_PROTOCOL) {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${CHANNEL_PROTOCOL}\r\n\r\n`);
    const channel: InvocationChannel = new InvocationChannel(socket, head, {
      onLog: (lines) => this.#events.onLog(lines),
      onNews: (news) => this.#events.onNews?.(news, channel),
    });
    this.#channels.add(channel);
    this.#upgraded.add(socket);
    socket.once("close", () => {
      this.#channels.delete(channel);
      this.#upgraded.delete(socket);
      this.#events.onChannel?.(channel, "closed");
    });
    this.#events.onChannel?.(channel, "open");
    this.#events.onNext();
  }

  #leastBusyChannel(): InvocationChannel | undefined {
    let best: InvocationChannel | undefined;
    for (const channel of this.#channels) if (best === undefined || channel.load < best.load) best = channel;
    return best;
  }

  #handle(message: IncomingMessage, reply: ServerResponse): void {
    // A runtime that dies in the middle of a request is noticed by its exit.
    message.on("error", () => undefined);
    const path = message.url?.startsWith(ROOT) ? message.url.slice(ROOT.length) : undefined;
    if (path === "invocation/next" && message.method === "GET") {
      if (!this.#manyRequests) this.#open.clear();
      const asker = { reply, connection: message.socket };
      this.#waiting.push(asker);
      reply.once("close", () => {
        this.#waiting = this.#waiting.filter((other) => other !== asker);
      });
      this.#events.onNext();
      return;
    }
    if (message.method !== "POST" || path === undefined)
      return refuse(reply, 404, "NotFound", "There is no such path.");
    if (path === "init/error") {
      void readError(message).then((failure) => {
        accept(reply);
        this.#events.onInitError(failure);
      });
      return;
    }
    const [, id, what] = INVOCATION.exec(path) ?? [];
    if (id === undefined) return refuse(reply, 404, "NotFound", "There is no such path.");
    const open = this.#open.get(id);
    if (open === undefined) return refuse(reply, 400, "InvalidRequestID", "Invalid request ID");
    if (open.answered) return refuse(reply, 403, "InvalidStateTransition", "State transition is not allowed");
    open.answered = true;
    if (what === "error") {
      void readError(message).then((failure) => {
        accept(reply);
        this.#events.onInvocationError(failure, id);
      });
      return;
    }
    const response: RuntimeResponse = {
      streaming: message.headers["lambda-runtime-function-response-mode"] === "streaming",
      contentType: message.headers["content-type"] ?? "application/octet-stream",
      message,
      accept: () => accept(reply),
      refuseAsTooLarge: () =>
        refuse(
          reply,
          413,
          "RequestEntityTooLarge",
          `Exceeded maximum allowed payload size (${MAX_BUFFERED_RESPONSE_BYTES} bytes).`,
        ),
    };
    this.#events.onResponse(response, id);
  }

  #leastBusy(): Asker | undefined {
    if (this.#waiting.length < 2) return this.#waiting[0];
    const load = new Map<Socket, number>();
    for (const { connection } of this.#open.values()) load.set(connection, (load.get(connection) ?? 0) + 1);
    const loadOf = ({ connection }: Asker) => load.get(connection) ?? 0;
    return this.#waiting.reduce((best, asker) => (loadOf(asker) < loadOf(best) ? asker : best));
  }
}

function accept(reply: ServerResponse): void {
  reply.writeHead(202, { "Content-Type": "application/json", "Content-Length": 15 });
  reply.end('{"status":"OK"}');
}

function refuse(reply: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  const body = JSON.stringify({ errorMessage, errorType });
  reply.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  reply.end(body);
}

/** A document that is not one still tells that the function failed. */
async function readError(message: IncomingMessage): Promise<FailureDocument> {
  const header = message.headers["lambda-runtime-function-error-type"];
  const errorType = typeof header === "string" ? header : "Runtime.UnknownReason";
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= MAX_ERROR_BYTES) chunks.push(chunk);
    }
    const document: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof document === "object" && document !== null && "errorMessage" in document) {
      return { errorType, ...document } as FailureDocument;
    }
  } catch {
    // Not JSON, or cut off.
  }
  return { errorType, errorMessage: "The runtime reported an error without a readable document." };
}
