/**
 * Ends streams whose process died and whose caller never asked again: what they delivered is charged all the same. Once a minute,
 * so that the charge meets the budget that held it (interrupt-once.ts). Whole answers have delivered nothing when their process dies, and
 * wait for whoever asks.
 */
import { interruptOnce } from "./interrupt-once.ts";
import type { OnceDependencies } from "./once-call.ts";
import { HEARTBEAT_MILLIS, type StreamsUnderWay } from "./once-record.ts";

/** Beyond the silence that a caller who asks takes for death: nobody waits here, and clocks differ. */
const GRACE_MILLIS = HEARTBEAT_MILLIS;
const AT_ONCE = 10;

/** Answers how many were ended. A record that does not answer is told to `onFailed`, and looked at again a minute later. */
export async function sweepOnce(streams: StreamsUnderWay, dependencies: OnceDependencies): Promise<number> {
  const { store, clock, onFailed } = dependencies;
  const silentSinceMillis = clock.epochMillis() - GRACE_MILLIS;
  const names = await streams.beganBefore(silentSinceMillis);
  let ended = 0;
  for (let from = 0; from < names.length; from += AT_ONCE) {
    await Promise.all(
      names.slice(from, from + AT_ONCE).map(async (name) => {
        try {
          const found = await store.read(name);
          if (found?.state !== "running" || found.aliveUntilMillis > silentSinceMillis) return;
          await interruptOnce(name, found, dependencies);
          ended++;
        } catch (error) {
          onFailed(error);
        }
      }),
    );
  }
  return ended;
}
