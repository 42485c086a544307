/**
 * One wake-up among many processes: the first that meets zero takes the lock and raises the copy count, looks whether a copy
 * serves as long as its own caller waits, and leaves that to the next one when it goes. The others read what it wrote.
 */
import type { Clock } from "../../serving/clock.ts";
import {
  begunAt,
  claimed,
  gaveUp,
  isOwned,
  isResting,
  joined,
  NEW_WAKE_STATE,
  released,
  renewed,
  seated,
  WAKE_LIMITS,
  type WakeState,
  type WakeStore,
  woken,
} from "./wake-state.ts";

/** adapters/sagemaker/inference-components.ts is one. */
export interface Copies {
  describe(component: string): Promise<CopyState>;
  setCopies(component: string, copies: number): Promise<void>;
}

export interface CopyState {
  /**
   * `Creating`, `Updating`: a change is under way, and SageMaker takes no other one until it is done. `Failed`: what was asked
   * for last came to nothing. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeInferenceComponent.html
   */
  readonly status: string;
  /** In service now. */
  readonly copies: number;
  /** Asked for. */
  readonly desired: number;
  readonly failure?: string;
}

export type Look = "awake" | "waking" | "failed";

export interface Looked {
  readonly look: Look;
  readonly state: WakeState;
}

export interface SharedWakeParts {
  readonly store: WakeStore;
  readonly copies: Copies;
  readonly clock: Clock;
  /** On [0, 1). */
  random(): number;
}

export interface SharedWake {
  /** Sees to it that somebody wakes the component, at best `token`. */
  begin(component: string, token: string): Promise<Looked>;
  /** Once more. */
  look(component: string, token: string): Promise<Looked>;
  /** `token` does not look any more. */
  leave(component: string, token: string): Promise<void>;
  /** Undefined: no seat is free, or too many want one at this moment. */
  sit(
    component: string,
    seat: { readonly token: string; readonly untilMillis: number; readonly maxHeld: number },
  ): Promise<WakeState | undefined>;
}

const WRITE_ATTEMPTS = 12;
const LONGEST_PAUSE_MILLIS = 200;

export function createSharedWake({ store, copies, clock, random }: SharedWakeParts): SharedWake {
  const pause = (millis: number): Promise<void> => new Promise((resolve) => void clock.after(millis, resolve));

  /** Undefined: `change` wanted nothing, or others were faster each time. */
  async function changed(
    component: string,
    change: (state: WakeState, nowMillis: number) => WakeState | undefined,
  ): Promise<WakeState | undefined> {
    for (let attempt = 1; attempt <= WRITE_ATTEMPTS; attempt++) {
      const before = await store.read(component);
      const after = change(before, clock.epochMillis());
      if (after === undefined) return undefined;
      const next = { ...after, revision: before.revision + 1 };
      if ((await store.write(component, next)) === "written") return next;
      await pause(1 + random() * Math.min(LONGEST_PAUSE_MILLIS, 10 * attempt));
    }
    return undefined;
  }

  const whileOwned = (component: string, token: string, change: (state: WakeState, nowMillis: number) => WakeState) =>
    changed(component, (state, now) => (state.waking?.owner === token ? change(state, now) : undefined));

  /** The owner's look: at the component itself. */
  async function tended(component: string, token: string, state: WakeState): Promise<Looked> {
    const found = await copies.describe(component);
    switch (prospectOf(found)) {
      case "awake":
        return { look: "awake", state: (await whileOwned(component, token, woken)) ?? NEW_WAKE_STATE };
      case "failed":
        return failed(component, token, state, found.failure ?? "the component failed");
      case "at-zero":
        // It was still on its way down when the wake-up began.
        return raised(component, token, state);
      case "coming": {
        const isDue = (state.waking?.ownedUntilMillis ?? 0) - clock.epochMillis() < WAKE_LIMITS.ownedForMillis / 2;
        return { look: "waking", state: (isDue && (await whileOwned(component, token, renewed))) || state };
      }
    }
  }

  /** What is at zero, or has failed, is raised; what is on its way, also for the first time, is left alone. */
  async function begun(component: string, token: string, state: WakeState): Promise<Looked> {
    switch (prospectOf(await copies.describe(component))) {
      case "awake": {
        // It was awake all the time, or woke while nobody looked: nothing to learn.
        const awake = await whileOwned(component, token, ({ waking: _, ...rest }) => ({ ...rest, seats: {} }));
        return { look: "awake", state: awake ?? state };
      }
      case "coming":
        return { look: "waking", state: (await whileOwned(component, token, joined)) ?? state };
      case "at-zero":
      case "failed":
        return raised(component, token, state);
    }
  }

  async function raised(component: string, token: string, state: WakeState): Promise<Looked> {
    try {
      await copies.setCopies(component, 1);
    } catch (error) {
      return failed(component, token, state, error instanceof Error ? error.message : String(error));
    }
    return { look: "waking", state: (await whileOwned(component, token, begunAt)) ?? state };
  }

  async function failed(component: string, token: string, state: WakeState, reason: string): Promise<Looked> {
    return { look: "failed", state: (await whileOwned(component, token, failedFor(reason))) ?? state };
  }

  return {
    async begin(component, token) {
      const won = await changed(component, (state, now) =>
        isOwned(state, now) || isResting(state, now) ? undefined : claimed(state, token, now),
      );
      if (won !== undefined) return begun(component, token, won);
      const state = await store.read(component);
      return { look: isResting(state, clock.epochMillis()) ? "failed" : "waking", state };
    },
    async look(component, token) {
      const state = await store.read(component);
      if (state.waking === undefined) return { look: state.failed === undefined ? "awake" : "failed", state };
      if (state.waking.owner === token) return tended(component, token, state);
      if (isOwned(state, clock.epochMillis())) return { look: "waking", state };
      const won = await changed(component, (found, now) =>
        found.waking === undefined || isOwned(found, now) ? undefined : claimed(found, token, now),
      );
      return won === undefined ? { look: "waking", state } : tended(component, token, won);
    },
    async leave(component, token) {
      await whileOwned(component, token, released);
    },
    sit: (component, seat) => changed(component, (state, now) => seated(state, seat, now)),
  };
}

type Prospect = "awake" | "coming" | "at-zero" | "failed";

function prospectOf({ status, copies, desired }: CopyState): Prospect {
  if (copies > 0) return "awake";
  if (status === "Failed") return "failed";
  return desired > 0 || status === "Creating" || status === "Updating" ? "coming" : "at-zero";
}

const failedFor =
  (reason: string) =>
  (state: WakeState, nowMillis: number): WakeState =>
    gaveUp(state, reason, nowMillis);
