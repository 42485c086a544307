import type { ServerResponse } from "node:http";
import type { InvocationResult } from "../simulator.ts";
import { hasBody } from "./answer-buffered.ts";
import { GatewayFailure } from "./gateway-errors.ts";
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
  const chunks = result.body[Symbol.asyncIterator]();
  const stream = new ClientStream(reply, request.httpMethod);
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
  readonly #httpMethod: string;
  #sendsBody = true;
  #wake: (() => void) | undefined;
  begun = false;

  constructor(reply: ServerResponse, httpMethod: string) {
    this.#reply = reply;
    this.#httpMethod = httpMethod;
    const wake = () => this.wake();
    reply.on("drain", wake);
    reply.on("close", wake);
  }

  begin(prelude: Prelude, rest: Buffer): void {
    const reply = this.#reply;
    this.begun = true;
    this.#sendsBody = this.#httpMethod !== "HEAD" && hasBody(prelude.status);
    reply.statusCode = prelude.status;
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
