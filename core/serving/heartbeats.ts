/**
 * Signs of life on a connection whose answer takes its time: connections that are silent are closed, by API Gateway after five
 * minutes, by proxies on the way sooner. Event streams get a comment, JSON gets white space before its first byte; both mean nothing
 * to whoever reads them.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import { asFarthingError, type FarthingError } from "../errors.ts";
import type { HttpResponse } from "../protocols/spec/http.ts";
import type { Clock } from "./clock.ts";
import { isStream } from "./counted-body.ts";

export interface Heartbeats {
  /** Silence after which there is a sign. Milliseconds, from 1 on. Default 15,000. */
  readonly intervalMillis: number;
  readonly clock: Clock;
}

export const HEARTBEAT_MILLIS = 15_000;

export const heartbeatsOf = (options: { readonly heartbeatMillis?: number; readonly clock: Clock }): Heartbeats => ({
  intervalMillis: options.heartbeatMillis ?? HEARTBEAT_MILLIS,
  clock: options.clock,
});

const text = new TextEncoder();
const COMMENT = text.encode(":\n\n");
const WHITE_SPACE = text.encode(" ");
const LINE_FEED = 0x0a;

/** The same response; a body that streams events does not fall silent any more. */
export function withHeartbeats(response: HttpResponse, heartbeats: Heartbeats): HttpResponse {
  const { body, headers } = response;
  if (!isStream(body) || !headers["content-type"]?.startsWith("text/event-stream")) return response;
  return { ...response, body: interspersed(body, COMMENT, endsAnEvent, heartbeats) };
}

/**
 * A JSON answer that is being made. In time, it is answered as it is; later, its status is out before it is there, with white space
 * for every interval: what goes wrong from then on is `failed`'s body under status 200.
 */
export async function patientJson(
  work: HttpResponse | Promise<HttpResponse>,
  heartbeats: Heartbeats,
  failed: (error: FarthingError) => HttpResponse,
): Promise<HttpResponse> {
  if (!(work instanceof Promise)) return work;
  const first = await orSilence(work, heartbeats);
  if (first !== SILENCE) return first;
  async function* late(): AsyncGenerator<Uint8Array> {
    const response = await (work as Promise<HttpResponse>).catch((error: unknown) => failed(asFarthingError(error)));
    if (isStream(response.body)) yield* response.body;
    else yield typeof response.body === "string" ? text.encode(response.body) : response.body;
  }
  return lateJson(late(), heartbeats);
}

/** A JSON answer whose bytes come later, with white space until then, the first at once. */
export function lateJson(late: AsyncIterable<Uint8Array>, heartbeats: Heartbeats): HttpResponse {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield WHITE_SPACE;
    yield* interspersed(late, WHITE_SPACE, isBeforeAll, heartbeats);
  }
  return { status: 200, headers: { "content-type": "application/json" }, body: body() };
}

const endsAnEvent = (last: Uint8Array | undefined): boolean =>
  last === undefined || (last.at(-1) === LINE_FEED && last.at(-2) === LINE_FEED);
const isBeforeAll = (last: Uint8Array | undefined): boolean => last === undefined;

/** `fits`: whether a sign may follow the chunk that was sent last. */
async function* interspersed(
  chunks: AsyncIterable<Uint8Array>,
  sign: Uint8Array,
  fits: (last: Uint8Array | undefined) => boolean,
  heartbeats: Heartbeats,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const patience = createPatience(heartbeats);
  let last: Uint8Array | undefined;
  let waiting = false;
  try {
    for (;;) {
      const next = iterator.next();
      waiting = true;
      let result = await patience.await(next);
      while (result === SILENCE) {
        if (fits(last)) yield sign;
        result = await patience.await(next);
      }
      waiting = false;
      if (result.done) return;
      if (result.value.length > 0) last = result.value;
      yield result.value;
    }
  } finally {
    patience.end();
    const stopped = iterator.return?.();
    // What does not answer now answers when its own wait is over; nobody is left to wait for that.
    if (waiting) stopped?.then(undefined, () => {});
    else await stopped;
  }
}

/** Waits, one after the other, with one timer for all of them: it is set anew only when it was due, not for every token. */
function createPatience({ intervalMillis, clock }: Heartbeats) {
  let cancel: (() => void) | undefined;
  let waitingSince = 0;
  /** Present while something is waited for. */
  let onSilence: (() => void) | undefined;

  function set(millis: number): void {
    cancel = clock.after(millis, () => {
      cancel = undefined;
      if (onSilence === undefined) return;
      const left = intervalMillis - (clock.monotonicMillis() - waitingSince);
      if (left > 0) set(left);
      else onSilence();
    });
  }

  return {
    await<T>(work: Promise<T>): Promise<T | typeof SILENCE> {
      waitingSince = clock.monotonicMillis();
      if (cancel === undefined) set(intervalMillis);
      return new Promise((resolve, reject) => {
        onSilence = () => resolve(SILENCE);
        work.then(
          (value) => {
            onSilence = undefined;
            resolve(value);
          },
          (error) => {
            onSilence = undefined;
            reject(error);
          },
        );
      });
    },
    end: () => cancel?.(),
  };
}

const SILENCE = Symbol("silence");

function orSilence<T>(work: Promise<T>, { intervalMillis, clock }: Heartbeats): Promise<T | typeof SILENCE> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(intervalMillis, () => resolve(SILENCE));
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error) => {
        cancel();
        reject(error);
      },
    );
  });
}
