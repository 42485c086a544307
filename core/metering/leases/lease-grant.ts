/** A grant over the holds of key and tenant: both must approve, both are charged the same. */
import type { Terms } from "../../tenants/terms.ts";
import type { Grant, LeaseNames, Spending } from "../admission.ts";
import { type RateState, rateHeaders } from "../limits/rate-headers.ts";
import { requestLimit, tokenLimit } from "../limits/rate-limits.ts";
import type { Bearer } from "../limits/refusals.ts";
import { levelAt } from "../limits/shares.ts";
import type { AccountLeases } from "./account-leases.ts";
import type { AccountId } from "./account-store.ts";
import type { Hold } from "./hold.ts";
import { budgetWindows } from "./windows.ts";

export interface Party {
  readonly bearer: Bearer;
  readonly account: AccountId;
  readonly terms: Terms;
  readonly leases: AccountLeases;
}

export interface PartyHold extends Party {
  readonly hold: Hold;
}

/** Of a caller without terms. */
export const FREE_GRANT: Grant = {
  leases: {},
  spend: () => "go-on",
  settle: (price) => price,
  headers: () => ({}),
};

export function grantOf(holds: readonly PartyHold[]): Grant {
  let charged: bigint | undefined;
  return {
    leases: leaseNames(holds),
    spend(price, tokens) {
      const answers = holds.map(({ hold }) => hold.spend(price, tokens));
      return answers.some((answer) => answer instanceof Promise)
        ? Promise.all(answers).then(together)
        : together(answers as Spending[]);
    },
    settle(price, tokens) {
      if (charged !== undefined) return charged;
      const least = holds.reduce((most, { hold }) => smaller(most, hold.chargeable(price)), price);
      for (const { hold } of holds) hold.settle(least, tokens);
      charged = least;
      return least;
    },
    headers: () => ({
      ...rateHeaders(tightest(holds.map(requestState)), tightest(holds.map(tokenState))),
      ...exceededHeader(holds),
    }),
  };
}

/** Soft budgets refuse nothing; that one is exceeded is known since the last renewal. */
function exceededHeader(holds: readonly PartyHold[]): Readonly<Record<string, string>> {
  const periods = holds.flatMap(({ terms, leases, hold }) =>
    budgetWindows(terms, hold.lease.day, "soft")
      .filter(({ window, picodollars }) => (leases.known?.charged[window] ?? 0n) > picodollars)
      .map(({ period }) => period),
  );
  return periods.length === 0 ? {} : { "x-farthing-budget-exceeded": [...new Set(periods)].sort().join(", ") };
}

const together = (answers: readonly Spending[]): Spending => (answers.includes("reached") ? "reached" : "go-on");

function leaseNames(holds: readonly PartyHold[]): LeaseNames {
  const idOf = (bearer: Bearer) => holds.find((hold) => hold.bearer === bearer)?.hold.lease.id;
  const lease = idOf("tenant");
  const keyLease = idOf("key");
  return { ...(lease !== undefined && { lease }), ...(keyLease !== undefined && { keyLease }) };
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function requestState({ terms, leases, hold }: PartyHold): RateState | undefined {
  const limit = requestLimit(leases.limits);
  const shown = terms.limits.requestsPerSecond;
  if (limit === undefined || shown === undefined) return undefined;
  return { limit, shown, level: hold.lease.requestLevel + pileOf(leases, "requests", limit) };
}

function tokenState({ terms, leases, hold }: PartyHold): RateState | undefined {
  const limit = tokenLimit(leases.limits);
  const shown = terms.limits.tokensPerMinute;
  if (limit === undefined || shown === undefined) return undefined;
  return { limit, shown, level: hold.lease.tokenLevel + pileOf(leases, "tokens", limit) };
}

function pileOf({ known, clock }: AccountLeases, which: "requests" | "tokens", limit: RateState["limit"]): number {
  if (known === undefined) return 0;
  const share = which === "requests" ? "requestsPerSecond" : "tokensPerSecond";
  const storedShares = Object.values(known.leases).reduce((sum, entry) => sum + entry[share], 0);
  return levelAt({ limit, pile: known[which], storedShares, nowMillis: clock.epochMillis() });
}

/** The one with the least left, by the share of its limit. */
function tightest(states: readonly (RateState | undefined)[]): RateState | undefined {
  const set = states.filter((state) => state !== undefined);
  return set.sort((a, b) => a.level / a.limit.burst - b.level / b.limit.burst)[0];
}
