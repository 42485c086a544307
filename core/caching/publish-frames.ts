/** A stream's frames on their way to those who wait for them in other processes. */
import type { BoundedStore } from "./bounded-store.ts";
import { type Claim, LOG_MILLIS, logName } from "./claim.ts";

export interface FramePublisher {
  add(frame: Uint8Array): void;
  /** After the last frame. */
  end(): Promise<void>;
}

/**
 * What comes while a write is under way goes out with the next one, so that a slow store holds nothing up. A write without an
 * answer may or may not have been done: nothing follows it, and whoever reads starts over.
 */
export function publishFrames(store: BoundedStore, { answer, token }: Claim): FramePublisher {
  const name = logName(answer, token);
  let waiting: Uint8Array[] = [];
  let isBroken = false;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    while (waiting.length > 0 && !isBroken) {
      const frames = waiting;
      waiting = [];
      isBroken = true;
      await store.tell(async (shared) => {
        await shared.frames.append(name, frames, LOG_MILLIS);
        isBroken = false;
      });
    }
    writing = undefined;
  }

  return {
    add(frame) {
      if (isBroken && writing === undefined) return;
      waiting.push(frame);
      writing ??= write();
    },
    async end() {
      await writing;
      if (isBroken) await store.tell((shared) => shared.frames.remove(name));
      else await store.tell((shared) => shared.frames.end(name, LOG_MILLIS));
    },
  };
}
