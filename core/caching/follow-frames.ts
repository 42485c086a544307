/** An answer that another process is making, frame by frame as it makes them. */
import type { Clock } from "../serving/clock.ts";
import type { AnswerName } from "./answer-key.ts";
import type { BoundedStore } from "./bounded-store.ts";
import { claimName, logName } from "./claim.ts";
import { decodeStoredAnswer } from "./stored-answer.ts";

/** A look that takes longer failed: the reader has been waiting for the other process anyway. */
const LOOK_MILLIS = 250;
/** How long one look waits for the next frame. */
const WAIT_MILLIS = 100;
/** Between two looks for an answer that comes in one piece: short at first, since most are made in milliseconds. */
const FIRST_PAUSE_MILLIS = 2;
const LONGEST_PAUSE_MILLIS = 25;
/** A store that does not answer this often in a row is given up. */
const FAILED_LOOKS = 3;

/** Who makes the answer is gone, or the store is: the frames so far are all there are. */
export class LeaderGone extends Error {
  override readonly name = "LeaderGone";
}

export interface Followed {
  readonly name: AnswerName;
  /** Whose work it is. */
  readonly token: string;
  /** Whether the frames can be read while they are made. */
  readonly streams: boolean;
  /** Whether an answer that was made then would do. */
  isYoungEnough(madeAtMillis: number): boolean;
  /** Milliseconds since the epoch; with no frame until then, it is as if there were nobody. */
  readonly firstFrameUntilMillis: number;
  readonly clock: Clock;
}

/** The frames of one complete answer; throws LeaderGone where they end before it does. */
export async function* followFrames(store: BoundedStore, followed: Followed): AsyncGenerator<Uint8Array> {
  const { name, token, streams, clock } = followed;
  const log = logName(name.text, token);
  const seen: Uint8Array[] = [];
  let pause = FIRST_PAUSE_MILLIS;
  let failedLooks = 0;
  for (;;) {
    const part = streams
      ? await store.ask((shared) => shared.frames.read(log, seen.length, WAIT_MILLIS), LOOK_MILLIS)
      : ({ type: "absent" } as const);
    if (part?.type === "frames") {
      failedLooks = 0;
      for (const frame of part.frames) {
        seen.push(frame);
        yield frame;
      }
      if (part.ended) return;
      // Silence: the model thinks, or its process is gone.
      if (part.frames.length > 0) continue;
    }
    const looked = part && (await look(store, followed));
    if (looked === undefined) {
      if (++failedLooks === FAILED_LOOKS) throw new LeaderGone("the store does not answer");
    } else if (looked.frames !== undefined && continues(looked.frames, seen)) {
      yield* looked.frames.slice(seen.length);
      return;
    } else if (looked.holder !== token) {
      throw new LeaderGone("its claim ran out, or was given up");
    } else if (seen.length === 0 && clock.epochMillis() >= followed.firstFrameUntilMillis) {
      throw new LeaderGone("nothing came in time");
    }
    await slept(clock, pause);
    pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 1.5);
  }
}

interface Look {
  readonly frames: readonly Uint8Array[] | undefined;
  readonly holder: string | undefined;
}

/** The claim first: who gives it up has kept the answer before. */
function look(store: BoundedStore, { name, isYoungEnough }: Followed): Promise<Look | undefined> {
  return store.ask(async (shared) => {
    const holder = await shared.holder(claimName(name.text));
    const bytes = await shared.get(name.text);
    const kept = bytes && decodeStoredAnswer(name.key, bytes);
    return { holder, frames: kept && isYoungEnough(kept.madeAtMillis) ? kept.frames : undefined };
  }, LOOK_MILLIS);
}

/** What is kept may be somebody else's work on the same question: nobody gets the end of one and the start of another. */
const continues = (frames: readonly Uint8Array[], seen: readonly Uint8Array[]): boolean =>
  frames.length >= seen.length &&
  seen.every((frame, index) => Buffer.compare(frame, frames[index] as Uint8Array) === 0);

const slept = (clock: Clock, millis: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(millis, resolve);
  });
