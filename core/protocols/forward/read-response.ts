/** The answer of another deployment, as its bytes come. */
import type { GenerationEvent } from "../spec/generation.ts";
import { readError } from "./error-header.ts";
import { type ReadFrame, readFrame } from "./frame.ts";
import { brokenOff, decodeForwardResponse, type ForwardedResponse } from "./response.ts";

/**
 * Resolves with the whole answer, or at the first event of generated text, whose stream goes on reading `chunks`. Throws
 * `dependency_unavailable` for frames that are cut short or are none: the other deployment failed on the way. What
 * `chunks` throws is thrown as it is.
 */
export async function readForwardResponse(chunks: AsyncIterable<Uint8Array>): Promise<ForwardedResponse> {
  const frames = frameReader(chunks);
  const first = await frames.peek();
  if (first.header.type !== "event") return decodeForwardResponse(await frames.rest());
  return { type: "result", result: { type: "generation", events: readEvents(frames) } };
}

async function* readEvents(frames: FrameReader): AsyncGenerator<GenerationEvent> {
  try {
    for (;;) {
      const { header } = await frames.next();
      if (header.type === "error") throw readError(header);
      if (header.type !== "event") throw brokenOff(new Error("a frame of another kind among events"));
      const event = header.event as GenerationEvent;
      // Whoever charges for the answer acts on `finish`: the call itself must have ended well before.
      if (event.type === "finish") await frames.rest();
      yield event;
      if (event.type === "finish") return;
    }
  } finally {
    await frames.stop();
  }
}

/** Its methods throw `dependency_unavailable` for bytes that are no frame, or end within one. */
interface FrameReader {
  peek(): Promise<ReadFrame>;
  /** The next frame, which has nothing but a header. */
  next(): Promise<ReadFrame>;
  /** All bytes that no `next` took. */
  rest(): Promise<Uint8Array>;
  stop(): Promise<void>;
}

function frameReader(chunks: AsyncIterable<Uint8Array>): FrameReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let waiting: Uint8Array = new Uint8Array(0);

  async function peek(): Promise<ReadFrame> {
    for (;;) {
      const found = firstFrame(waiting);
      if (found !== undefined) return found;
      const { value, done } = await iterator.next();
      if (done) throw brokenOff(new Error(`the answer ended within a frame, after ${waiting.length} bytes of it`));
      waiting = waiting.length === 0 ? value : Buffer.concat([waiting, value]);
    }
  }

  return {
    peek,
    async next() {
      const found = await peek();
      waiting = found.data;
      return found;
    },
    async rest() {
      const parts = [waiting];
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) parts.push(next.value);
      waiting = new Uint8Array(0);
      return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    },
    async stop() {
      await iterator.return?.();
    },
  };
}

function firstFrame(bytes: Uint8Array): ReadFrame | undefined {
  try {
    return readFrame(bytes);
  } catch (error) {
    throw brokenOff(error);
  }
}
