/** What all processes know together of one model that sleeps: who wakes it, who waits, how long it took before. Pure. */

export interface WakeState {
  /** One more with every write; 0: nothing is stored. */
  readonly revision: number;
  /** Undefined: nobody wakes it. */
  readonly waking?: Waking;
  /** The last wake-up came to nothing. */
  readonly failed?: { readonly atMillis: number; readonly reason: string };
  /** How long the last wake-ups took, oldest first. */
  readonly observedSeconds: readonly number[];
  /** Callers who wait with an open connection: token → when they stop. */
  readonly seats: Readonly<Record<string, number>>;
}

export interface Waking {
  readonly sinceMillis: number;
  /** Token of the one who raised the copies and looks after it; whoever comes after `ownedUntilMillis` takes over. */
  readonly owner: string;
  readonly ownedUntilMillis: number;
  /** When somebody last wrote that they look after it. */
  readonly seenMillis: number;
  /** For some of the time nobody looked: how long it takes is not seen. */
  readonly hasGap: boolean;
}

export const NEW_WAKE_STATE: WakeState = { revision: 0, observedSeconds: [], seats: {} };

export interface WakeStore {
  read(component: string): Promise<WakeState>;
  /** `refused`: the stored revision is not `state.revision - 1` any more. */
  write(component: string, state: WakeState): Promise<"written" | "refused">;
}

export const WAKE_LIMITS = {
  /** A process that died is missed for this long. */
  ownedForMillis: 15_000,
  /** What happened while nobody looked for longer than this, nobody knows the time of. */
  longestGapMillis: 10_000,
  /** After a wake-up that failed, for want of capacity mostly, nobody tries again for this long. */
  restAfterFailureMillis: 60_000,
  observationsKept: 20,
  /** Waiting is promised by what most wake-ups took, not by what the average one did. */
  quantile: 0.8,
} as const;

export const isOwned = ({ waking }: WakeState, nowMillis: number): boolean =>
  waking !== undefined && waking.ownedUntilMillis > nowMillis;

export const isResting = ({ failed }: WakeState, nowMillis: number): boolean =>
  failed !== undefined && nowMillis - failed.atMillis < WAKE_LIMITS.restAfterFailureMillis;

/** The lock, fenced by the revision. Taken over from one who does not answer, the wake-up is the same one. */
export function claimed(state: WakeState, owner: string, nowMillis: number): WakeState {
  const { waking } = state;
  return {
    ...withoutFailure(state),
    waking: {
      sinceMillis: waking?.sinceMillis ?? nowMillis,
      owner,
      ownedUntilMillis: nowMillis + WAKE_LIMITS.ownedForMillis,
      seenMillis: nowMillis,
      hasGap: waking !== undefined && (waking.hasGap || nowMillis - waking.seenMillis > WAKE_LIMITS.longestGapMillis),
    },
  };
}

/** It was at zero when the copies were raised: whatever an old owner began is over. */
export function begunAt(state: WakeState, nowMillis: number): WakeState {
  return state.waking ? { ...state, waking: { ...state.waking, sinceMillis: nowMillis, hasGap: false } } : state;
}

/** It was on its way already: since when, nobody who begins to look now has seen. */
export function joined(state: WakeState): WakeState {
  const { waking } = state;
  if (waking === undefined) return state;
  const isNew = waking.sinceMillis === waking.seenMillis;
  return { ...state, waking: { ...waking, hasGap: waking.hasGap || isNew } };
}

export function renewed(state: WakeState, nowMillis: number): WakeState {
  const ownedUntilMillis = nowMillis + WAKE_LIMITS.ownedForMillis;
  return state.waking ? { ...state, waking: { ...state.waking, ownedUntilMillis, seenMillis: nowMillis } } : state;
}

/** Its owner does not wait: the wake-up goes on, and whoever waits looks after it. */
export function released(state: WakeState, nowMillis: number): WakeState {
  const handedOver = { ownedUntilMillis: nowMillis, seenMillis: nowMillis };
  return state.waking ? { ...state, waking: { ...state.waking, ...handedOver } } : state;
}

/** A copy serves; everybody who waited may go. */
export function woken({ revision, waking, observedSeconds }: WakeState, nowMillis: number): WakeState {
  const isSeen = waking !== undefined && !waking.hasGap;
  const seconds = isSeen ? [Math.max(0.1, (nowMillis - waking.sinceMillis) / 1000)] : [];
  return {
    revision,
    seats: {},
    observedSeconds: [...observedSeconds, ...seconds].slice(-WAKE_LIMITS.observationsKept),
  };
}

export const gaveUp = ({ revision, observedSeconds }: WakeState, reason: string, atMillis: number): WakeState => ({
  revision,
  observedSeconds,
  seats: {},
  failed: { atMillis, reason: reason.slice(0, 300) },
});

/** Undefined: as many wait as may. Seats of those who left or died end by themselves. */
export function seated(
  state: WakeState,
  seat: { readonly token: string; readonly untilMillis: number; readonly maxHeld: number },
  nowMillis: number,
): WakeState | undefined {
  const taken = Object.entries(state.seats).filter(([, until]) => until > nowMillis);
  if (taken.length >= seat.maxHeld) return undefined;
  return { ...state, seats: { ...Object.fromEntries(taken), [seat.token]: seat.untilMillis } };
}

export const seatsTaken = ({ seats }: WakeState, nowMillis: number): number =>
  Object.values(seats).filter((until) => until > nowMillis).length;

/** Seconds until a copy serves, 1 or more: what most wake-ups took, or the card says, less what has passed of this one. */
export function estimatedSecondsLeft(state: WakeState, cardSeconds: number, nowMillis: number): number {
  const expected = usualSeconds(state.observedSeconds) ?? cardSeconds;
  const passed = state.waking === undefined ? 0 : (nowMillis - state.waking.sinceMillis) / 1000;
  const overdue = expected * OVERDUE_SHARE;
  return Math.max(1, passed < expected ? Math.max(expected - passed, overdue) : overdue);
}

/** What a wake-up that should be over takes on, of its whole: nobody knows, and it is not nothing. */
const OVERDUE_SHARE = 0.1;

function usualSeconds(observed: readonly number[]): number | undefined {
  const sorted = observed.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(WAKE_LIMITS.quantile * sorted.length) - 1)];
}

function withoutFailure({ failed: _, ...rest }: WakeState): WakeState {
  return rest;
}
