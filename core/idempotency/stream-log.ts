/**
 * A stream's chunks on their way to those who read along: a head, then each chunk with what was used up to and with it, so that what
 * a process delivered before it died can be given out, and charged.
 */
import type { FrameLog } from "../caching/frame-log.ts";
import type { UsageLine } from "../metering/usage-line.ts";
import type { Clock } from "../serving/clock.ts";
import type { Head } from "./kept-answer.ts";
import { packed, unpacked } from "./packed.ts";

export interface StreamLog {
  begin(head: Head, line: UsageLine | undefined): Promise<void>;
  add(chunk: Uint8Array, line: UsageLine | undefined): Promise<void>;
  end(): Promise<void>;
}

/** After the last chunk of a process that died; until then it can be read along. */
const LOG_MILLIS = 15 * 60_000;
/** After the last chunk of an answer that is kept elsewhere by then. */
const ENDED_MILLIS = 60_000;
/** The first write opens the connection. */
const FIRST_WRITE_MILLIS = 1_000;
const WRITE_MILLIS = 250;

export const streamLogName = (token: string): string => `once:${token}`;

/** Members of a usage line that grow while a stream is made. */
type Used = Pick<
  UsageLine,
  "inputTokens" | "outputTokens" | "responseBytes" | "inferenceMillis" | "durationMillis" | "priceUsd"
>;

const usedOf = ({
  inputTokens,
  outputTokens,
  responseBytes,
  inferenceMillis,
  durationMillis,
  priceUsd,
}: UsageLine): Used => ({ inputTokens, outputTokens, responseBytes, inferenceMillis, durationMillis, priceUsd });

/** A log that does not answer in time is given up: a stream is not held up by it, and nothing follows what may be missing. */
export function startLog(frames: FrameLog, token: string, clock: Clock): StreamLog {
  const name = streamLogName(token);
  let isGivenUp = false;
  /** Of the next chunk; the head is 0. */
  let position = 1;

  async function write(work: () => Promise<void>, millis = WRITE_MILLIS): Promise<void> {
    if (isGivenUp) return;
    if (await inTime(work, millis, clock)) return;
    isGivenUp = true;
    await inTime(() => frames.remove(name), WRITE_MILLIS, clock);
  }

  return {
    begin: (head, line) =>
      write(() => frames.append(name, [packed({ head, ...(line && { line }) })], LOG_MILLIS), FIRST_WRITE_MILLIS),
    add: (chunk, line) =>
      write(() =>
        frames.append(name, [packed({ at: position++, ...(line && { used: usedOf(line) }) }, chunk)], LOG_MILLIS),
      ),
    end: () => write(() => frames.end(name, ENDED_MILLIS)),
  };
}

/** Whether it was done within the time. */
function inTime(work: () => Promise<void>, millis: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(millis, () => resolve(false));
    const over = (done: boolean): void => {
      cancel();
      resolve(done);
    };
    work().then(
      () => over(true),
      () => over(false),
    );
  });
}

export interface LoggedHead {
  readonly head: Head;
  readonly line: UsageLine | undefined;
}

/** Throws an Error when the frames are not those from position `from` on: a log can be lost and begun anew in its middle. */
export function readFrames(
  frames: readonly Uint8Array[],
  from: number,
): { readonly head: LoggedHead | undefined; readonly chunks: readonly LoggedChunk[] } {
  const [first, ...rest] = frames;
  const head = from === 0 && first !== undefined ? readHead(first) : undefined;
  const chunks = (head === undefined ? frames : rest).map((frame, index) =>
    readChunk(frame, (head === undefined ? from : 1) + index),
  );
  return { head, chunks };
}

export interface LoggedChunk {
  readonly chunk: Uint8Array;
  readonly used: Used | undefined;
}

function readHead(frame: Uint8Array): LoggedHead {
  const { header } = unpacked(frame);
  if (header.head === undefined) throw new Error("a log of a stream that does not begin with a head");
  return { head: header.head as Head, line: header.line as UsageLine | undefined };
}

function readChunk(frame: Uint8Array, position: number): LoggedChunk {
  const { header, data } = unpacked(frame);
  if (header.at !== position) throw new Error(`a log of a stream with ${JSON.stringify(header.at)} at ${position}`);
  return { chunk: data, used: header.used as Used | undefined };
}
