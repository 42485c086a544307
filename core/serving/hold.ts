/**
 * A request that waits for a model to wake, with its connection open: after the first silence its status goes out, and signs of
 * life follow until the answer is there, or the error that takes its place (heartbeats.ts).
 */
import type { HttpResponse } from "../protocols/spec/http.ts";
import { isStream } from "./counted-body.ts";
import type { Heartbeats } from "./heartbeats.ts";
import type { Patience } from "./work.ts";

export interface Hold extends Pick<Patience, "onHold" | "hasBegun"> {
  /** The work's result, or HELD once the request has been waiting for one interval. Rejects as the work does. */
  orHeld<T>(work: Promise<T>): Promise<T | typeof HELD>;
}

export const HELD = Symbol("held");

export function createHold({ intervalMillis, clock }: Heartbeats): Hold {
  let cancel: (() => void) | undefined;
  /** Present while somebody waits for the work. */
  let release: (() => void) | undefined;
  let hasBegun = false;
  let isOver = false;
  const begin = (): void => {
    if (isOver) return;
    hasBegun = true;
    release?.();
  };
  const over = (): void => {
    isOver = true;
    cancel?.();
  };
  return {
    onHold() {
      cancel?.();
      if (!isOver && !hasBegun) cancel = clock.after(intervalMillis, begin);
    },
    hasBegun: () => hasBegun,
    orHeld: <T>(work: Promise<T>) =>
      new Promise<T | typeof HELD>((resolve, reject) => {
        release = () => resolve(HELD);
        if (hasBegun) release();
        work.then(
          (value) => {
            over();
            resolve(value);
          },
          (error: unknown) => {
            over();
            reject(error);
          },
        );
      }),
  };
}

const encoder = new TextEncoder();
const COMMENT = encoder.encode(":\n\n");

/** The bytes of an answer that comes later. An event stream says at once that somebody is there. */
export async function* lateBody(answer: Promise<HttpResponse>, streams: boolean): AsyncGenerator<Uint8Array> {
  if (streams) yield COMMENT;
  const { body } = await answer;
  if (isStream(body)) yield* body;
  else yield typeof body === "string" ? encoder.encode(body) : body;
}
