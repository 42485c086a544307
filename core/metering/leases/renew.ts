/**
 * The lease protocol's only decision: an account and what an environment asks for → the account as it shall be written. It
 * settles what was charged, gives back what is not held, and reserves a new slice.
 */

import { requestLimit, tokenLimit } from "../limits/rate-limits.ts";
import { grantShare } from "../limits/shares.ts";
import type { Account, LeaseEntry } from "./account.ts";
import { freeMoney, keptWindows, later } from "./free-money.ts";
import { LEASE_LIMITS } from "./lease-limits.ts";
import type { OwnLease, RenewalRequest, Renewed, Shortage } from "./renewal.ts";
import { dayOf, windowsOf } from "./windows.ts";

interface Draft extends Pick<Account, "shards" | "allotted"> {
  readonly day: string;
  readonly charged: Record<string, bigint>;
  readonly leases: Record<string, LeaseEntry>;
}

/** `request.terms`: with the limits that hold for this account (`limitsOn`). */
export function renew(account: Account, request: RenewalRequest): Renewed {
  const { nowMillis, closing } = request;
  const draft: Draft = {
    day: later(account.day, dayOf(nowMillis)),
    charged: { ...account.charged },
    leases: withoutEndedShares(account, nowMillis),
    shards: account.shards,
    allotted: account.allotted,
  };
  const before = request.current === undefined ? undefined : account.leases[request.current];
  const current = goesOn(before, draft.day, nowMillis) ? (request.current as string) : request.next;
  for (const lease of request.own) settleOwn(draft, lease, { isCurrent: lease.id === current, nowMillis, closing });
  const extensions = request.own.map((lease) => extend(draft, lease, request));

  const open = openLeases(draft, current, nowMillis);
  const entry = draft.leases[current] ?? newEntry(draft.day, nowMillis);
  delete draft.leases[current];
  const money = closing ? NO_MONEY : slice(draft, entry, request, open);
  const rates = closing ? givenUp(account) : shares(account, draft, entry, request, open);
  const slots = closing
    ? { slots: request.needs.slots, shortage: undefined, tight: false }
    : grantSlots(draft, request, open);
  const shortage = money.shortage ?? rates.shortage ?? slots.shortage;
  const stays = !closing || request.own.some(({ id, held, inFlight }) => id === current && (held > 0n || inFlight > 0));
  if (stays) {
    draft.leases[current] = {
      ...entry,
      expiresAtMillis: nowMillis + LEASE_LIMITS.lifeMillis,
      grantedPicodollars: entry.grantedPicodollars + money.picodollars,
      ...rates.entry,
      slots: slots.slots,
    };
  }
  return {
    account: {
      revision: account.revision + 1,
      day: draft.day,
      charged: keptWindows(draft.charged, draft.day, draft),
      leases: draft.leases,
      requests: rates.requests,
      tokens: rates.tokens,
      shards: draft.shards,
      allotted: draft.allotted,
    },
    current,
    shortage,
    unmet: extensions.find(({ unmet }) => unmet !== undefined)?.unmet,
    futile: shortage !== undefined && !extensions.some(({ extended }) => extended),
    isShort: money.tight,
    tight: money.tight || slots.tight,
  };
}

/** An environment that did not renew in time uses no rate any more; its money is another matter. */
function withoutEndedShares({ leases }: Account, nowMillis: number): Record<string, LeaseEntry> {
  const entries = Object.entries(leases).map(([id, entry]) =>
    isLive(entry, nowMillis) ? [id, entry] : [id, { ...entry, requestsPerSecond: 0, tokensPerSecond: 0, slots: 0 }],
  );
  return Object.fromEntries(entries) as Record<string, LeaseEntry>;
}

const goesOn = (entry: LeaseEntry | undefined, day: string, nowMillis: number): boolean =>
  entry !== undefined && entry.day === day && nowMillis - entry.startedAtMillis < LEASE_LIMITS.nameForMillis;

const newEntry = (day: string, nowMillis: number): LeaseEntry => ({
  day,
  startedAtMillis: nowMillis,
  expiresAtMillis: nowMillis,
  grantedPicodollars: 0n,
  settledPicodollars: 0n,
  requestsPerSecond: 0,
  requestsTaken: 0,
  tokensPerSecond: 0,
  tokensTaken: 0,
  slots: 0,
});

/** A lease that is not there any more was settled by the reconciler: what it charged is counted already. */
function settleOwn(
  draft: Draft,
  { id, spent, held, inFlight }: OwnLease,
  { isCurrent, nowMillis, closing }: { isCurrent: boolean; nowMillis: number; closing: boolean },
): void {
  const entry = draft.leases[id];
  if (entry === undefined) return;
  const newlyCharged = spent - entry.settledPicodollars;
  for (const window of windowsOf(entry.day)) draft.charged[window] = (draft.charged[window] ?? 0n) + newlyCharged;
  if ((!isCurrent || closing) && held === 0n && inFlight === 0) {
    delete draft.leases[id];
    return;
  }
  const settled: LeaseEntry = {
    ...entry,
    expiresAtMillis: nowMillis + LEASE_LIMITS.lifeMillis,
    settledPicodollars: spent,
    grantedPicodollars: spent + held,
  };
  draft.leases[id] = isCurrent ? settled : { ...settled, requestsPerSecond: 0, tokensPerSecond: 0, slots: inFlight };
}

/** A stream goes on under the lease, and so in the day, that it began in. */
function extend(draft: Draft, { id, extension }: OwnLease, { terms }: RenewalRequest): Extension {
  const entry = draft.leases[id];
  if (entry === undefined || extension === 0n) return { extended: false, unmet: undefined };
  const { picodollars: free } = freeMoney(draft, terms, entry.day);
  const more = free === undefined || free > extension ? extension : free;
  const unmet = more < extension ? entry.day : undefined;
  if (more === 0n) return { extended: false, unmet };
  draft.leases[id] = { ...entry, grantedPicodollars: entry.grantedPicodollars + more };
  return { extended: true, unmet };
}

interface Extension {
  readonly extended: boolean;
  readonly unmet: string | undefined;
}

const isLive = (entry: LeaseEntry, nowMillis: number): boolean =>
  entry.expiresAtMillis + LEASE_LIMITS.clockSkewMillis > nowMillis;

/** Leases that take new requests, the current one included. */
function openLeases(draft: Draft, current: string, nowMillis: number): number {
  const others = Object.entries(draft.leases).filter(([id, entry]) => id !== current && isLive(entry, nowMillis));
  return others.length + 1;
}

interface Money {
  readonly picodollars: bigint;
  readonly shortage: Shortage | undefined;
  readonly tight: boolean;
}

const NO_MONEY: Money = { picodollars: 0n, shortage: undefined, tight: false };

function slice(draft: Draft, entry: LeaseEntry, request: RenewalRequest, open: number): Money {
  const { minimum, wanted, cap, requests } = request.needs;
  const draftWithEntry = { ...draft, leases: { ...draft.leases, [OWN]: entry } };
  const { picodollars: free, budget } = freeMoney(draftWithEntry, request.terms, entry.day);
  if (free === undefined || budget === undefined)
    return { picodollars: larger(cap, wanted), shortage: undefined, tight: false };
  const share = smaller(cap, free / (LEASE_LIMITS.slicesPerOpenLease * BigInt(open)));
  if (requests === 0) return { picodollars: share, shortage: undefined, tight: false };
  if (share >= wanted) return { picodollars: share, shortage: undefined, tight: false };
  if (free >= minimum && free > 0n)
    return { picodollars: smaller(free, wanted), shortage: undefined, tight: share < minimum };
  if (minimum === 0n) return NO_MONEY;
  const retryAfterMillis = Math.max(0, budget.endsAtMillis - request.nowMillis);
  const shortage = { type: "budget", period: budget.period, retryAfterMillis, freePicodollars: free } as const;
  return { picodollars: 0n, shortage, tight: true };
}

/** Stands for the lease in question while sums are made without its name. */
const OWN = "";

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

type Rates = Pick<Account, "requests" | "tokens"> & {
  readonly entry: Pick<LeaseEntry, "requestsPerSecond" | "requestsTaken" | "tokensPerSecond" | "tokensTaken">;
  readonly shortage: Shortage | undefined;
};

const givenUp = ({ requests, tokens }: Account): Rates => ({
  requests,
  tokens,
  entry: { requestsPerSecond: 0, requestsTaken: 0, tokensPerSecond: 0, tokensTaken: 0 },
  shortage: undefined,
});

function shares(
  account: Account,
  draft: Draft,
  entry: LeaseEntry,
  { nowMillis, terms, needs }: RenewalRequest,
  openLeases: number,
): Rates {
  const { requestsTaken, tokensTaken } = entry;
  const live = Object.values(draft.leases).filter((other) => isLive(other, nowMillis));
  const sum = (entries: readonly LeaseEntry[], field: "requestsPerSecond" | "tokensPerSecond"): number =>
    entries.reduce((total, other) => total + other[field], 0);
  const stored = Object.values(account.leases);
  const common = { nowMillis, openLeases };
  const requestRate = requestLimit(terms.limits);
  const tokenRate = tokenLimit(terms.limits);
  const requests = requestRate && {
    ...grantShare({
      ...common,
      limit: requestRate,
      pile: account.requests,
      storedShares: sum(stored, "requestsPerSecond"),
      otherShares: sum(live, "requestsPerSecond"),
      wantedPerSecond: needs.requestsPerSecond,
      needed: needs.requestTokens,
    }),
  };
  const tokens = tokenRate && {
    ...grantShare({
      ...common,
      limit: tokenRate,
      pile: account.tokens,
      storedShares: sum(stored, "tokensPerSecond"),
      otherShares: sum(live, "tokensPerSecond"),
      wantedPerSecond: needs.tokensPerSecond,
      needed: needs.tokens,
    }),
  };
  const shortage: Shortage | undefined = requests?.shortage
    ? { type: "requests", ...requests.shortage }
    : tokens?.shortage && { type: "tokens", ...tokens.shortage };
  return {
    requests: requests?.pile ?? account.requests,
    tokens: tokens?.pile ?? account.tokens,
    entry: {
      requestsPerSecond: requests?.share ?? 0,
      requestsTaken: requestsTaken + (requests?.taken ?? 0),
      tokensPerSecond: tokens?.share ?? 0,
      tokensTaken: tokensTaken + (tokens?.taken ?? 0),
    },
    shortage,
  };
}

function grantSlots(draft: Draft, { nowMillis, terms, needs }: RenewalRequest, open: number) {
  const { concurrency } = terms.limits;
  if (concurrency === undefined) return { slots: 0, shortage: undefined, tight: false };
  const others = Object.values(draft.leases)
    .filter((entry) => isLive(entry, nowMillis))
    .reduce((total, { slots }) => total + slots, 0);
  const free = Math.max(0, concurrency - others);
  // Three quarters of a fair part: the rest is for those who come next.
  const share = Math.floor((3 * concurrency) / (4 * open));
  const slots = Math.min(free, Math.max(needs.slots, Math.min(share, needs.peakSlots + 1)));
  // Slots are asked for by all who wait; the first of them needs one more than run already.
  const enough = needs.requests === 0 || slots > needs.slots - needs.requests;
  return {
    slots,
    shortage: enough ? undefined : ({ type: "concurrency", retryAfterMillis: 1_000 } as const),
    tight: share < 1,
  };
}
