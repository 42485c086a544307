import { EventEmitter } from "node:events";

/** As much of a socket as an invocation channel needs, between threads of one process or within one of them. */
class ThreadSocket extends EventEmitter {
  destroyed = false;
  #send;

  constructor(send) {
    super();
    this.#send = send;
  }

  write(bytes) {
    if (!this.destroyed) this.#send(bytes);
    return true;
  }

  cork() {}
  uncork() {}
}

/** Both ends in this thread: what one writes, the other has read when the write returns. `before` is called before far ones. */
export function connectedSockets(before) {
  const near = new ThreadSocket((bytes) => far.emit("data", bytes));
  const far = new ThreadSocket((bytes) => {
    before();
    near.emit("data", bytes);
  });
  return [near, far];
}

/** The other end is in another thread. `before` is called before each write. */
export function portSocket(port, before) {
  const socket = new ThreadSocket((bytes) => {
    before?.();
    // A copy: with a view, all that it looks at would go.
    const copy = new Uint8Array(bytes);
    port.postMessage(copy, [copy.buffer]);
  });
  port.on("message", (bytes) => socket.emit("data", Buffer.from(bytes.buffer)));
  port.on("close", () => {
    socket.destroyed = true;
    socket.emit("close");
  });
  return socket;
}
