import type { ServerResponse } from "node:http";
import type { InvocationResult } from "../simulator.ts";
import { hasBody } from "./answer-buffered.ts";
import { GatewayFailure } from "./gateway-errors.ts";
import { gatewayHeaders, setGatewayHeaders } from "./gateway-headers.ts";
import type { GatewayOutcome, GatewayRequest } from "./gateway-request.ts";
import { type Prelude, PreludeReader } from "./prelude.ts";

export interface StreamLimits {
  /** Until when the whole answer must have been sent, on the monotonic clock. */
  readonly deadlineMillis: number;
  /** How long neither side may be silent. */
  readonly idleMillis: number;
  readonly monotonicMillis: () => number;
}

/**
 * Sends a streamed answer at the client's pace: metadata first, then whatever the function writes. Before the metadata is
 * complete, failures are gateway errors (thrown); after it only the end of the connection can tell.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
 */
export async function answerStreamed(
  result: InvocationResult,
  request: GatewayRequest,
  outcome: GatewayOutcome,
  reply: ServerResponse,
  limits: StreamLimits,
): Promise<void> {
  if (result.functionError !== undefined) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of result.body) chunks.push(chunk);
    throw new GatewayFailure("malformed-answer", `the function failed: ${Buffer.concat(chunks).toString("utf8")}`);
  }
  const whole = result.takeWhole?.();
  if (whole !== undefined && whole.length > 0) return answerWhole(whole, request, outcome, reply);
  const chunks = result.body[Symbol.asyncIterator]();
  const stream = new ClientStream(reply, request);
  let expired: string | undefined;
  // The function does not notice: what it still writes is read and dropped.
  const abandon = () => void chunks.return?.();
  const expire = (what: string) => () => {
    expired = what;
    abandon();
    stream.wake();
  };
  reply.once("close", abandon);
  const idle = setTimeout(expire(`neither side sent anything for ${limits.idleMillis} ms`), limits.idleMillis);
  const deadline = setTimeout(
    expire("the integration's timeout passed"),
    Math.max(0, limits.deadlineMillis - limits.monotonicMillis()),
  );
  const prelude = new PreludeReader();
  try {
    while (!reply.destroyed) {
      const next = await chunks.next();
      if (next.done) break;
      idle.refresh();
      if (stream.begun) {
        outcome.responseBytes += next.value.length;
        if (!stream.write(next.value)) await stream.writable();
        if (expired !== undefined) break;
        continue;
      }
      const read = readPrelude(prelude, next.value);
      if (read === undefined) continue;
      outcome.status = read.prelude.status;
      outcome.responseBytes = read.rest.length;
      stream.begin(read.prelude, read.rest);
    }
    if (expired !== undefined) throw new GatewayFailure("integration-timeout", expired);
    if (!stream.begun && !reply.destroyed) {
      throw new GatewayFailure("malformed-answer", "the answer ended before the 8 NUL bytes after its metadata");
    }
    reply.end();
  } finally {
    clearTimeout(idle);
    clearTimeout(deadline);
    reply.off("close", abandon);
    abandon();
  }
}

/** The answer lies here to its end: it leaves with one write, and with its length. */
function answerWhole(
  chunks: readonly Uint8Array[],
  request: GatewayRequest,
  outcome: GatewayOutcome,
  reply: ServerResponse,
): void {
  const [only] = chunks;
  const read = readPrelude(
    new PreludeReader(),
    chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks),
  );
  if (read === undefined) {
    throw new GatewayFailure("malformed-answer", "the answer ended before the 8 NUL bytes after its metadata");
  }
  const { prelude, rest } = read;
  outcome.status = prelude.status;
  outcome.responseBytes = rest.length;
  const own = gatewayHeaders(request);
  const headers: string[] = [];
  for (const [name, values] of prelude.headers) for (const value of values) headers.push(name, value);
  for (let at = 0; at < own.length; at += 2) {
    const name = own[at] as string;
    if (
      !prelude.headers.some(([theirs]) => theirs.length === name.length && theirs.toLowerCase() === name.toLowerCase())
    ) {
      headers.push(name, own[at + 1] as string);
    }
  }
  if (hasBody(prelude.status)) headers.push("content-length", String(rest.length));
  reply.writeHead(prelude.status, headers);
  if (request.httpMethod === "HEAD" || !hasBody(prelude.status)) reply.end();
  // As text, short bodies go into one buffer with their headers.
  else if (rest.length <= JOINED_BODY_BYTES) reply.end(rest.toString("latin1"), "latin1");
  else reply.end(rest);
}

const JOINED_BODY_BYTES = 16 * 1024;

function readPrelude(reader: PreludeReader, chunk: Uint8Array): ReturnType<PreludeReader["push"]> {
  try {
    return reader.push(chunk);
  } catch (error) {
    throw new GatewayFailure("malformed-answer", `malformed streamed answer: ${(error as Error).message}`);
  }
}

/** The client's side: headers go out at once, though in one piece with a body that follows at once. */
class ClientStream {
  readonly #reply: ServerResponse;
  readonly #request: GatewayRequest;
  #sendsBody = true;
  #wake: (() => void) | undefined;
  begun = false;

  constructor(reply: ServerResponse, request: GatewayRequest) {
    this.#reply = reply;
    this.#request = request;
    const wake = () => this.wake();
    reply.on("drain", wake);
    reply.on("close", wake);
  }

  begin(prelude: Prelude, rest: Buffer): void {
    const reply = this.#reply;
    this.begun = true;
    this.#sendsBody = this.#request.httpMethod !== "HEAD" && hasBody(prelude.status);
    reply.statusCode = prelude.status;
    setGatewayHeaders(reply, this.#request);
    for (const [name, values] of prelude.headers) {
      reply.setHeader(name, values.length === 1 ? (values[0] as string) : values);
    }
    if (rest.length > 0 && this.#sendsBody) reply.write(rest);
    else setImmediate(() => reply.headersSent || reply.destroyed || reply.flushHeaders());
  }

  /** False: wait for `writable`. */
  write(chunk: Uint8Array): boolean {
    return !this.#sendsBody || this.#reply.write(chunk);
  }

  writable(): Promise<void> {
    if (this.#reply.destroyed || !this.#reply.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
