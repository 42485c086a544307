/** While a request runs, its record says that somebody is there. */
import type { OnceName } from "./idempotency-key.ts";
import type { OnceCall, OnceDependencies } from "./once-call.ts";
import { ALIVE_MILLIS, HEARTBEAT_MILLIS, type RunningRecord } from "./once-record.ts";

export interface Heartbeat {
  /** Somebody took this process for dead. */
  isLost(): boolean;
  stop(): void;
}

export function createHeartbeat(
  name: OnceName,
  running: RunningRecord,
  call: OnceCall,
  { store, clock }: Pick<OnceDependencies, "store" | "clock">,
): Heartbeat {
  const { token } = running;
  let isLost = false;
  let isStopped = false;
  let cancel = clock.after(HEARTBEAT_MILLIS, () => void beat());

  async function beat(): Promise<void> {
    const line = call.streams ? call.made?.() : undefined;
    const record = { ...running, aliveUntilMillis: clock.epochMillis() + ALIVE_MILLIS, ...(line && { line }) };
    try {
      if ((await store.replace(name, record, { token })) === "refused") {
        const found = await store.read(name);
        isLost = found?.token !== token || found.state !== "running";
      }
    } catch {
      // The next one may be heard; if none is, the end will show.
    }
    if (!isStopped && !isLost) cancel = clock.after(HEARTBEAT_MILLIS, () => void beat());
  }

  return {
    isLost: () => isLost && !isStopped,
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
