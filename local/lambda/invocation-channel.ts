import type { AnswerSink, Delivery, NextInvocation } from "./delivery.ts";
import type { FailureDocument } from "./function-failure.ts";
import {
  ANSWER,
  CANCEL,
  CONSUMED,
  DOOR,
  FAILURE,
  FIRST,
  FrameReader,
  type FrameSocket,
  FrameWriter,
  INVOKE,
  LAST,
  LOG,
  NEWS,
  WINDOW_BYTES,
} from "./runtime/frames.mjs";
import type { DoorNews } from "./thread-door.ts";

/** A connection to one thread of a runtime. */
export interface InvocationSocket extends FrameSocket {
  on(event: "data", listener: (bytes: Buffer) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: () => void): unknown;
}

export interface ChannelEvents {
  /** Lines of the function's log. */
  onLog(lines: Buffer): void;
  /** From the door that the thread has opened. */
  onNews(news: DoorNews): void;
}

interface Open {
  readonly sink: AnswerSink;
  /** Taken by the sink, and the runtime has not been told yet. */
  consumed: number;
}

/** The platform's end of a channel (runtime/frames.mjs): one thread of the runtime, many invocations. */
export class InvocationChannel {
  readonly #writer: FrameWriter;
  readonly #open = new Map<number, Open>();
  readonly #events: ChannelEvents | undefined;
  #numbers = 0;

  constructor(socket: InvocationSocket, head: Buffer, events?: ChannelEvents) {
    this.#events = events;
    this.#writer = new FrameWriter(socket);
    const reader = new FrameReader((type, number, payload) => this.#receive(type, number, payload));
    // A runtime that dies is noticed by its exit.
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
    if (head.length > 0) reader.push(head);
  }

  /** Invocations that it has not answered. */
  get load(): number {
    return this.#open.size;
  }

  /** Has the thread open the door that the file describes (v8.serialize). */
  openDoor(assignmentFile: string): void {
    this.#writer.add(DOOR, 0, [assignmentFile]);
  }

  closeDoor(): void {
    this.#writer.add(DOOR, 0, []);
  }

  deliver({ payload, ...head }: NextInvocation, sink: AnswerSink): Delivery {
    this.#numbers = (this.#numbers + 1) >>> 0;
    const number = this.#numbers;
    const text = JSON.stringify(headersOf(head));
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    this.#open.set(number, { sink, consumed: 0 });
    this.#writer.add(INVOKE, number, [length, text, payload]);
    return {
      cancel: () => {
        if (this.#open.has(number)) this.#writer.add(CANCEL, number, []);
      },
      forget: () => void this.#open.delete(number),
    };
  }

  #receive(type: number, number: number, payload: Buffer): void {
    if (type === LOG) return this.#events?.onLog(payload);
    if (type === NEWS) return this.#events?.onNews(JSON.parse(payload.toString("utf8")) as DoorNews);
    const open = this.#open.get(number);
    if (open === undefined) return;
    if (type === FAILURE) {
      this.#open.delete(number);
      return open.sink.fail(JSON.parse(payload.toString("utf8")) as FailureDocument);
    }
    if (type !== ANSWER) return;
    const flags = payload[0] as number;
    let from = 1;
    if (flags & FIRST) {
      from = 3 + (payload[2] as number);
      open.sink.begin(payload.toString("latin1", 3, from), payload[1] === 1);
    }
    if (from < payload.length) this.#pass(number, open, payload.subarray(from));
    if ((flags & LAST) === 0) return;
    this.#open.delete(number);
    open.sink.end();
  }

  #pass(number: number, open: Open, bytes: Buffer): void {
    open.consumed += bytes.length;
    const tell = () => {
      if (open.consumed < WINDOW_BYTES / 2 || !this.#open.has(number)) return;
      const count = Buffer.allocUnsafe(4);
      count.writeUInt32BE(open.consumed);
      open.consumed = 0;
      this.#writer.add(CONSUMED, number, [count]);
    };
    if (open.sink.push(bytes)) tell();
    else open.sink.onDrain = tell;
  }
}

/** As `invocation/next` says them. */
const headersOf = (invocation: Omit<NextInvocation, "payload">): Readonly<Record<string, string>> => ({
  "lambda-runtime-aws-request-id": invocation.requestId,
  "lambda-runtime-deadline-ms": String(invocation.deadlineMillis),
  "lambda-runtime-invoked-function-arn": invocation.invokedFunctionArn,
  "lambda-runtime-trace-id": invocation.traceId,
  ...(invocation.clientContext === undefined ? {} : { "lambda-runtime-client-context": invocation.clientContext }),
});
