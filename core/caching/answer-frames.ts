/**
 * An answer as frames of bytes (core/protocols/forward): one for a whole result, one for each event of a generation, so that a
 * replay has the chunks of the original. Read strictly: an answer that is not complete is none.
 */
import { RESPONSE_FRAME } from "../protocols/forward/forward.ts";
import { frame, readFrame } from "../protocols/forward/frame.ts";
import { decodeForwardResponse, encodeForwardResponse } from "../protocols/forward/response.ts";
import type { GenerationEvent } from "../protocols/spec/generation.ts";
import type { WholeResult } from "../protocols/spec/inference.ts";

export const wholeFrame = (result: WholeResult): Uint8Array => encodeForwardResponse({ type: "result", result });

export const eventFrame = (event: GenerationEvent): Uint8Array =>
  frame({ farthing: RESPONSE_FRAME, type: "event", event });

/** Throws an Error when the frame holds anything else. */
export function readEventFrame(bytes: Uint8Array): GenerationEvent {
  const read = readFrame(bytes);
  if (read === undefined || read.data.length > 0 || read.header.type !== "event") throw new Error("no event frame");
  return read.header.event as GenerationEvent;
}

export type KeptAnswer =
  | { readonly type: "whole"; readonly result: WholeResult }
  | { readonly type: "events"; readonly events: readonly GenerationEvent[] };

/** `expects`: the kind of the request. Undefined: the frames are not one complete answer of that kind. */
export function readAnswer(
  frames: readonly Uint8Array[],
  expects: "tensors" | "embeddings" | "generation",
): KeptAnswer | undefined {
  try {
    return expects === "generation" ? readEvents(frames) : readWhole(frames, expects);
  } catch {
    return undefined;
  }
}

function readWhole(frames: readonly Uint8Array[], expects: "tensors" | "embeddings"): KeptAnswer | undefined {
  const [only] = frames;
  if (only === undefined || frames.length > 1) return undefined;
  const response = decodeForwardResponse(only);
  if (response.type !== "result" || response.result.type !== expects) return undefined;
  return { type: "whole", result: response.result };
}

function readEvents(frames: readonly Uint8Array[]): KeptAnswer | undefined {
  const events = frames.map(readEventFrame);
  const isComplete = events.every(({ type }, index) => (type === "finish") === (index === events.length - 1));
  return isComplete && events.length > 0 ? { type: "events", events } : undefined;
}
