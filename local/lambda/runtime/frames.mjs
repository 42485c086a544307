/**
 * Frames of the invocation channel, the same for both ends: one kept connection between a thread of the runtime and the
 * platform, on which many invocations and answers go side by side.
 *
 *   length of what follows (u32 BE) | type (u8) | number of the invocation on this channel (u32 BE) | payload
 *
 *   INVOKE    length of the head (u32 BE) | head (JSON: what the headers of `invocation/next` say) | event (JSON)
 *   CANCEL    the caller went away
 *   CONSUMED  bytes of the answer (u32 BE) that have left the platform's hands
 *   ANSWER    flags (u8: FIRST, LAST) | with FIRST: mode (u8: 1 streaming), length (u8) and text of the content type | bytes
 *   FAILURE   error document (JSON)
 *   LOG       lines of the function's log, each with its line feed; before the answers that were sent after it
 *   DOOR      path of the file that says how a thread opens a door of the API itself (v8.serialize); empty: it is to be closed
 *   NEWS      what a thread with a door has to say about it (JSON)
 */
export const INVOKE = 1;
export const CANCEL = 2;
export const CONSUMED = 3;
export const ANSWER = 4;
export const FAILURE = 5;
export const LOG = 6;
export const DOOR = 7;
export const NEWS = 8;

export const FIRST = 1;
export const LAST = 2;

export const WINDOW_BYTES = 64 * 1024;

/** In the `Upgrade` header. */
export const CHANNEL_PROTOCOL = "farthing-invocations/1";

const PREFIX_BYTES = 9;
const SLAB_BYTES = 256 * 1024;
/** Longer bytes are sent from where they lie. */
const COPY_LIMIT_BYTES = 16 * 1024;

/** What is written in one turn of the event loop leaves with one write, when the turn's promises have settled. */
export class FrameWriter {
  #socket;
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #from = 0;
  #to = 0;
  #parts = [];
  #scheduled = false;
  #flushLater = () => {
    this.#scheduled = false;
    this.flush();
  };
  constructor(socket) {
    this.#socket = socket;
  }

  /** `pieces` together are the payload. */
  add(type, invocation, pieces) {
    let bytes = 0;
    for (const piece of pieces) bytes += typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
    this.#room(PREFIX_BYTES);
    this.#slab.writeUInt32BE(bytes + PREFIX_BYTES - 4, this.#to);
    this.#slab[this.#to + 4] = type;
    this.#slab.writeUInt32BE(invocation, this.#to + 5);
    this.#to += PREFIX_BYTES;
    for (const piece of pieces) this.#piece(piece);
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flushLater);
  }

  /** What is written leaves now. */
  flush() {
    this.#cut();
    const parts = this.#parts;
    this.#parts = [];
    if (parts.length === 0 || this.#socket.destroyed) return;
    if (parts.length === 1) return void this.#socket.write(parts[0]);
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }

  #piece(piece) {
    const bytes = typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
    if (bytes > COPY_LIMIT_BYTES) {
      this.#cut();
      this.#parts.push(typeof piece === "string" ? Buffer.from(piece) : piece);
      return;
    }
    this.#room(bytes);
    if (typeof piece === "string") this.#slab.write(piece, this.#to);
    else this.#slab.set(piece, this.#to);
    this.#to += bytes;
  }

  #room(bytes) {
    if (this.#to + bytes <= this.#slab.length) return;
    this.#cut();
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#from = 0;
    this.#to = 0;
  }

  #cut() {
    if (this.#to > this.#from) this.#parts.push(this.#slab.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}

/** Payloads are views of what was received, as long as a frame lies in one chunk. */
export class FrameReader {
  #onFrame;
  #pending = [];
  #pendingBytes = 0;
  /** Bytes of the frame that is being collected, its length included; 0: not known. */
  #wanted = 0;

  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  push(chunk) {
    if (this.#pendingBytes === 0) return this.#read(chunk);
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#wanted === 0 && this.#pendingBytes >= 4) this.#wanted = this.#joined().readUInt32BE(0) + 4;
    if (this.#wanted === 0 || this.#pendingBytes < this.#wanted) return;
    const bytes = this.#joined();
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#read(bytes);
  }

  #joined() {
    if (this.#pending.length > 1) this.#pending = [Buffer.concat(this.#pending, this.#pendingBytes)];
    return this.#pending[0];
  }

  #read(bytes) {
    let at = 0;
    while (bytes.length - at >= PREFIX_BYTES) {
      const end = at + 4 + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      this.#onFrame(bytes[at + 4], bytes.readUInt32BE(at + 5), bytes.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    this.#wanted = 0;
    if (at === bytes.length) return;
    const rest = at === 0 ? bytes : bytes.subarray(at);
    if (rest.length >= 4) this.#wanted = rest.readUInt32BE(0) + 4;
    this.#pending.push(rest);
    this.#pendingBytes = rest.length;
  }
}
