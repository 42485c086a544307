/** What a request does that meets a sleeping model: it wakes the model, whatever becomes of the request itself. */
import { FarthingError } from "../../errors.ts";
import type { Clock } from "../../serving/clock.ts";
import type { Patience, Work } from "../../serving/work.ts";
import { BetterAsJob, NoCopies } from "./asleep.ts";
import type { Looked, SharedWake } from "./shared-wake.ts";
import { decideWake, type WakeDecision, type WithoutWaiting } from "./wake-decision.ts";
import { estimatedSecondsLeft, isResting, seatsTaken, WAKE_LIMITS, type WakeState } from "./wake-state.ts";
import { wishesOf } from "./wishes.ts";

/** A model that can sleep: what its card says. */
export interface Sleeper {
  readonly component: string;
  /** From no copy to the first answer, until there are observations. */
  readonly wakeSeconds: number;
  /** Callers that may wait with an open connection. */
  readonly maxHeld: number;
}

export interface WakerParts {
  /** Undefined: this model never sleeps. */
  sleeperOf(model: string): Sleeper | undefined;
  readonly shared: SharedWake;
  readonly takesJobs: boolean;
  readonly clock: Clock;
  /** A text that no process has or had. */
  newToken(): string;
}

export interface Asleep {
  readonly model: string;
  /** The same model is to be had elsewhere: nobody waits. */
  readonly hasOtherTarget: boolean;
  /** Another model can answer. */
  readonly hasStandIn: boolean;
}

export interface Waker {
  /**
   * Resolves with `again` when a copy serves, with `on` when another model shall answer. Throws `model_not_ready` with the
   * estimate, and with BetterAsJob as its cause when the request shall become a job.
   */
  met(work: Work, asleep: Asleep): Promise<"again" | "on">;
}

/** Looks while a wake-up is under way; it takes seconds on one machine and minutes on GPUs. */
const SHORTEST_INTERVAL_MILLIS = 250;
const LONGEST_INTERVAL_MILLIS = 5_000;
const LOOKS_PER_WAKE = 50;

export function createWaker({ sleeperOf, shared, takesJobs, clock, newToken }: WakerParts): Waker {
  const pause = (millis: number): Promise<void> => new Promise((resolve) => void clock.after(millis, resolve));

  return {
    async met(work, { model, hasOtherTarget, hasStandIn }) {
      const sleeper = sleeperOf(model);
      if (sleeper === undefined) return "on";
      const { component, wakeSeconds, maxHeld } = sleeper;
      const patience = work.patience ?? { wishes: wishesOf(work.headers), onHold: () => {}, hasBegun: () => false };
      const interval = intervalMillis(wakeSeconds);
      const token = newToken();
      const found = await shared.begin(component, token);
      if (found.look === "awake") {
        // The service's own routing is a moment behind its description.
        await pause(interval);
        return "again";
      }
      if (hasOtherTarget) {
        await leaveIfOwner(found, component, token);
        return "on";
      }

      const decide = (hasSeat: boolean): WakeDecision => {
        const now = clock.epochMillis();
        return decideWake({
          wishes: patience.wishes,
          remainingMillis: work.context.deadlineMillis - now,
          leftSeconds: found.look === "failed" ? undefined : estimatedSecondsLeft(found.state, wakeSeconds, now),
          hasSeat,
          hasStandIn,
          takesJobs,
        });
      };

      let last: Looked = found;
      let decision = decide(seatsTaken(found.state, clock.epochMillis()) < maxHeld);
      if (decision.type === "hold") {
        const untilMillis = clock.epochMillis() + decision.forMillis;
        const isSeated = (await shared.sit(component, { token, untilMillis, maxHeld })) !== undefined;
        decision = decide(isSeated);
        if (decision.type === "hold") {
          patience.onHold();
          last = await held(component, token, { untilMillis, interval, work });
          if (last.look === "awake") return "again";
        }
      }
      await leaveIfOwner(last, component, token);
      return without(decision.type === "hold" ? decision.otherwise : decision.type, last.state, {
        work,
        patience,
        model,
      });
    },
  };

  async function leaveIfOwner({ state }: Looked, component: string, token: string): Promise<void> {
    if (state.waking?.owner === token) await shared.leave(component, token);
  }

  async function held(
    component: string,
    token: string,
    { untilMillis, interval, work }: { untilMillis: number; interval: number; work: Work },
  ): Promise<Looked> {
    for (;;) {
      const left = untilMillis - clock.epochMillis();
      await pause(Math.max(1, Math.min(interval, left)));
      const looked = await shared.look(component, token);
      const isOver = clock.epochMillis() >= untilMillis || work.context.signal?.aborted === true;
      if (looked.look !== "waking" || isOver) return looked;
    }
  }

  function without(
    what: WithoutWaiting,
    state: WakeState,
    { work, patience, model }: { work: Work; patience: Patience; model: string },
  ): "on" {
    // Part of an answer is out: it can neither be another model's nor become a job.
    if (patience.hasBegun()) throw asleep(model, state);
    if (what === "fall-back") return "on";
    if (what === "refuse") throw asleep(model, state);
    const message = `The model "${model}" sleeps; request ${work.context.requestId} goes on as a job.`;
    throw new FarthingError("model_not_ready", message, { cause: new BetterAsJob(message) });
  }

  function asleep(model: string, state: WakeState): FarthingError {
    const now = clock.epochMillis();
    const wakeSeconds = sleeperOf(model)?.wakeSeconds ?? 1;
    if (isResting(state, now)) {
      const rest = WAKE_LIMITS.restAfterFailureMillis - (now - (state.failed?.atMillis ?? now));
      const why = /capacity/i.test(state.failed?.reason ?? "") ? "there was no capacity for it" : "it did not come up";
      return sleeping(
        `The model "${model}" could not be woken: ${why}. It is tried again.`,
        rest / 1000 + wakeSeconds,
        state,
      );
    }
    const seconds = Math.ceil(estimatedSecondsLeft(state, wakeSeconds, now));
    return sleeping(
      `The model "${model}" was asleep and is being woken, which takes about ${seconds} s more.`,
      seconds,
      state,
    );
  }
}

const sleeping = (message: string, retryAfterSeconds: number, { failed }: WakeState): FarthingError =>
  new FarthingError("model_not_ready", message, {
    retryAfterSeconds: Math.ceil(retryAfterSeconds),
    cause: new NoCopies(failed?.reason ?? "being woken"),
  });

const intervalMillis = (wakeSeconds: number): number =>
  Math.min(LONGEST_INTERVAL_MILLIS, Math.max(SHORTEST_INTERVAL_MILLIS, (wakeSeconds * 1000) / LOOKS_PER_WAKE));
