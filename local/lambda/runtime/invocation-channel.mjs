import { ChannelAnswer } from "./channel-answer.mjs";
import { CANCEL, CHANNEL_PROTOCOL, CONSUMED, DOOR, FrameReader, FrameWriter, INVOKE, LOG, NEWS } from "./frames.mjs";

// As in runtime-api-client.mjs: an import would load undici.
const { request } = process.getBuiltinModule("node:http");
const PATH = "/2018-06-01/runtime/invocation/channel";

/**
 * Where many requests are held at once and the platform offers it: one connection for all invocations of this thread, in place
 * of three HTTP exchanges for each. Resolves with undefined where the Runtime API is only what AWS documents. `onDoor` gets the
 * payload of DOOR frames, and the channel.
 */
export function openInvocationChannel(address, onInvocation, onDoor) {
  const [host, port] = address.split(":");
  const { promise, resolve, reject } = Promise.withResolvers();
  const asking = request({
    host,
    port: Number(port),
    path: PATH,
    headers: { Connection: "Upgrade", Upgrade: CHANNEL_PROTOCOL },
  });
  asking.on("error", reject);
  asking.on("response", (refusal) => {
    refusal.resume();
    resolve(undefined);
  });
  asking.on("upgrade", (_response, socket, head) => {
    socket.setNoDelay(true);
    resolve(new InvocationChannel(socket, head, onInvocation, onDoor));
  });
  asking.end();
  return promise;
}

/** The runtime's end of a channel. */
export class InvocationChannel {
  /** Resolves when the platform has gone. */
  closed;
  #writer;
  #open = new Map();

  constructor(socket, head, onInvocation, onDoor) {
    this.#writer = new FrameWriter(socket);
    const reader = new FrameReader((type, number, payload) => {
      if (type === INVOKE) return this.#begin(number, payload, onInvocation);
      if (type === DOOR) return onDoor?.(payload, this);
      const answer = this.#open.get(number);
      if (type === CANCEL) answer?.cancel();
      else if (type === CONSUMED) answer?.consumed(payload.readUInt32BE(0));
    });
    const { promise, resolve } = Promise.withResolvers();
    this.closed = promise;
    socket.on("error", () => {});
    socket.on("close", resolve);
    socket.on("data", (chunk) => reader.push(chunk));
    if (head.length > 0) reader.push(head);
  }

  /** A line of the function's log. It leaves with the answers of its turn, before them, and wakes nobody by itself. */
  log(line) {
    this.#writer.add(LOG, 0, [line]);
  }

  /** The same, out before this returns. */
  logNow(line) {
    this.#writer.add(LOG, 0, [line]);
    this.#writer.flush();
  }

  /** What the thread's own door has to say. */
  tell(news) {
    this.#writer.add(NEWS, 0, [JSON.stringify(news)]);
  }

  #begin(number, payload, onInvocation) {
    const headEnd = 4 + payload.readUInt32BE(0);
    const head = JSON.parse(payload.utf8Slice(4, headEnd));
    const answer = new ChannelAnswer(this.#writer, number, () => this.#open.delete(number));
    this.#open.set(number, answer);
    onInvocation(head, payload.utf8Slice(headEnd, payload.length), answer);
  }
}
