/** Reads the log of a stream that another process writes. */
import type { FrameLogPart } from "../caching/frame-log.ts";
import type { OnceDependencies } from "./once-call.ts";
import { type LoggedChunk, type LoggedHead, readFrames, streamLogName } from "./stream-log.ts";

export interface LogReader {
  /** What there is, at once. */
  all(): Promise<LogPart | undefined>;
  /** The chunks since, as soon as there is one, or none after a second. */
  next(): Promise<LogPart | undefined>;
}

/** Undefined instead of one: the log is not there, damaged, or does not answer. */
export interface LogPart {
  readonly head: LoggedHead | undefined;
  readonly chunks: readonly LoggedChunk[];
  readonly ended: boolean;
}

const WAIT_MILLIS = 1_000;
/** Beyond the waiting: then the log is taken as gone. */
const SLACK_MILLIS = 500;

/** Undefined: this deployment has none. */
export function logReader({ frames, clock }: OnceDependencies, token: string): LogReader | undefined {
  if (frames === undefined) return undefined;
  const log = frames;
  const name = streamLogName(token);
  /** Of the next frame; the head is the first. */
  let position = 1;

  function read(from: number, waitMillis: number): Promise<FrameLogPart | undefined> {
    return new Promise((resolve) => {
      const cancel = clock.after(waitMillis + SLACK_MILLIS, () => resolve(undefined));
      const over = (part?: FrameLogPart): void => {
        cancel();
        resolve(part);
      };
      log.read(name, from, waitMillis).then(over, () => over());
    });
  }

  async function readFrom(from: number, waitMillis: number): Promise<LogPart | undefined> {
    const part = await read(from, waitMillis);
    if (part?.type !== "frames") return undefined;
    try {
      return { ...readFrames(part.frames, from), ended: part.ended };
    } catch {
      return undefined;
    }
  }

  return {
    all: () => readFrom(0, 0),
    async next() {
      const part = await readFrom(position, WAIT_MILLIS);
      position += part?.chunks.length ?? 0;
      return part;
    },
  };
}
