import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FailureDocument } from "./function-failure.ts";
import { MAX_BUFFERED_RESPONSE_BYTES } from "./limits.ts";

/**
 * The Runtime API of one execution environment, on a port of its own as in the sandbox.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export interface RuntimeApiEvents {
  /** The runtime is ready for an invocation: the first call ends init, a later one the invocation before. */
  onNext(): void;
  onInitError(failure: FailureDocument): void;
  /** The answer of the running invocation begins; its chunks follow. */
  onResponse(response: RuntimeResponse): void;
  onInvocationError(failure: FailureDocument): void;
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

export interface NextInvocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly deadlineMillis: number;
  readonly invokedFunctionArn: string;
  readonly traceId: string;
  readonly clientContext?: string;
}

const ROOT = "/2018-06-01/runtime/";
const INVOCATION = /^invocation\/([^/]+)\/(response|error)$/;
/** An error document with its stack; larger ones are cut off by AWS too. */
const MAX_ERROR_BYTES = 256 * 1024;

export class RuntimeApi {
  readonly #server: Server;
  readonly #events: RuntimeApiEvents;
  #waiting: ServerResponse | undefined;
  #requestId: string | undefined;
  #answered = false;

  private constructor(events: RuntimeApiEvents) {
    this.#events = events;
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
  }

  static async listen(events: RuntimeApiEvents): Promise<RuntimeApi> {
    const api = new RuntimeApi(events);
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

  /** Answers the waiting `next`. */
  deliver(invocation: NextInvocation): void {
    const reply = this.#waiting;
    if (reply === undefined) throw new Error("The runtime has not asked for an invocation.");
    this.#waiting = undefined;
    this.#requestId = invocation.requestId;
    this.#answered = false;
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
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  #handle(message: IncomingMessage, reply: ServerResponse): void {
    // A runtime that dies in the middle of a request is noticed by its exit.
    message.on("error", () => undefined);
    const path = message.url?.startsWith(ROOT) ? message.url.slice(ROOT.length) : undefined;
    if (path === "invocation/next" && message.method === "GET") {
      this.#waiting = reply;
      this.#requestId = undefined;
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
    if (id !== this.#requestId) return refuse(reply, 400, "InvalidRequestID", "Invalid request ID");
    if (this.#answered) return refuse(reply, 403, "InvalidStateTransition", "State transition is not allowed");
    this.#answered = true;
    if (what === "error") {
      void readError(message).then((failure) => {
        accept(reply);
        this.#events.onInvocationError(failure);
      });
      return;
    }
    this.#events.onResponse({
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
    });
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
