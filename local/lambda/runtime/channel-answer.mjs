import { EventEmitter } from "node:events";
import { namedError } from "./errors.mjs";
import { ANSWER, FAILURE, FIRST, LAST, WINDOW_BYTES } from "./frames.mjs";

const NOT_STREAMING = String.fromCharCode(0);
const STREAMING = String.fromCharCode(1);
/** Its length has to be one byte of UTF-8. */
const CONTENT_TYPE = /^[\x20-\x7e]{1,127}$/;

/** One answer on the channel, buffered or streamed. Streamed, it is what the handler writes to. */
export class ChannelAnswer extends EventEmitter {
  #writer;
  #number;
  #forget;
  #contentType = "application/octet-stream";
  #pieces = [];
  #begun = false;
  #sentFirst = false;
  #scheduled = false;
  #underWay = 0;
  #controller;
  #state = "open";
  _onBeforeFirstWrite = undefined;

  constructor(writer, number, forget) {
    super();
    this.#writer = writer;
    this.#number = number;
    this.#forget = forget;
  }

  /** Aborted when the caller went away. */
  get signal() {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  cancel() {
    this.signal;
    this.#controller.abort();
  }

  consumed(bytes) {
    const needed = this.writableNeedDrain;
    this.#underWay -= bytes;
    if (needed && !this.writableNeedDrain) this.emit("drain");
  }

  /** A whole answer of a handler that does not stream. */
  respond(text) {
    this.#send(FIRST | LAST, NOT_STREAMING, [text]);
    this.#over();
  }

  fail(document) {
    if (this.#state !== "open") return;
    this.#pieces.length = 0;
    this.#writer.add(FAILURE, this.#number, [JSON.stringify(document)]);
    this.#over();
  }

  setContentType(contentType) {
    if (!CONTENT_TYPE.test(contentType))
      throw namedError("Runtime.InvalidContentType", "Content-type must be 1 to 127 printable ASCII characters.");
    if (this.#begun) throw namedError("Runtime.InvalidStreamingOperation", "Cannot set content-type, too late.");
    this.#contentType = contentType;
  }

  write(chunk, encoding, callback) {
    const done = typeof encoding === "function" ? encoding : callback;
    if (this.#state !== "open") {
      const error = namedError("Error", "write after end");
      process.nextTick(() => (done === undefined ? this.emit("error", error) : done(error)));
      return false;
    }
    if (!this.#begun) {
      this.#begun = true;
      this._onBeforeFirstWrite?.((first) => this.#take(first));
    }
    this.#take(
      typeof chunk === "string" && typeof encoding === "string" && encoding !== "utf8"
        ? Buffer.from(chunk, encoding)
        : typeof chunk === "string" || chunk instanceof Uint8Array
          ? chunk
          : JSON.stringify(chunk),
    );
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(() => {
        this.#scheduled = false;
        if (this.#pieces.length > 0) this.#flush(0);
      });
    }
    if (done !== undefined) process.nextTick(done);
    return !this.writableNeedDrain;
  }

  end(chunk, encoding, callback) {
    const done = [chunk, encoding, callback].find((argument) => typeof argument === "function");
    if (chunk !== undefined && chunk !== null && typeof chunk !== "function") this.write(chunk, encoding);
    if (this.#state === "open") {
      this.#flush(LAST);
      this.#over();
    }
    process.nextTick(() => {
      this.emit("finish");
      done?.();
    });
    return this;
  }

  destroy(error) {
    if (this.#state === "open") this.fail({ errorType: error?.name ?? "Error", errorMessage: error?.message ?? "" });
    return this;
  }

  cork() {}
  uncork() {}

  get destroyed() {
    return false;
  }
  get writable() {
    return this.#state === "open";
  }
  get writableEnded() {
    return this.#state === "ended";
  }
  get writableFinished() {
    return this.#state === "ended";
  }
  get writableNeedDrain() {
    return this.#underWay >= WINDOW_BYTES;
  }
  get writableHighWaterMark() {
    return WINDOW_BYTES;
  }
  get writableLength() {
    return this.#underWay;
  }
  get writableObjectMode() {
    return false;
  }
  get writableCorked() {
    return 0;
  }

  #take(piece) {
    this.#pieces.push(piece);
    this.#underWay += typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
  }

  #flush(flags) {
    this.#send(this.#sentFirst ? flags : flags | FIRST, STREAMING, this.#pieces);
    this.#sentFirst = true;
    this.#pieces.length = 0;
  }

  #send(flags, mode, pieces) {
    const opening = flags & FIRST ? mode + String.fromCharCode(this.#contentType.length) + this.#contentType : "";
    this.#writer.add(ANSWER, this.#number, [String.fromCharCode(flags) + opening, ...pieces]);
  }

  #over() {
    this.#state = "ended";
    this.#forget();
  }
}
