import { asFarthingError, type FarthingError } from "../../errors.ts";
import type { GenerationEvent } from "../spec/generation.ts";
import { errorHeader } from "./error-header.ts";
import { RESPONSE_FRAME } from "./forward.ts";
import { frame } from "./frame.ts";

/** A frame for each event; an error of the stream is its last frame. */
export async function* eventFrames(
  events: AsyncIterable<GenerationEvent>,
  onError: (error: FarthingError) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const event of events) yield frame({ farthing: RESPONSE_FRAME, type: "event", event });
  } catch (thrown) {
    const error = asFarthingError(thrown);
    onError(error);
    yield frame(errorHeader(error));
  }
}
