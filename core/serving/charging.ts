/**
 * What one request is charged, from its admission to its last byte. Every price goes through its grant, so what answer and
 * usage line say is what the budget was charged.
 */
import { FarthingError } from "../errors.ts";
import type { Grant } from "../metering/admission.ts";
import { usdOf } from "../pricing/picodollars.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";

export interface Charging {
  /** USD, as an answer says it. */
  priceUsd(usage: InferenceUsage): number;
  /** Whether the budget covers everything up to and with what is about to go out. */
  spend(usage: InferenceUsage): boolean | Promise<boolean>;
  /** Nothing more is used than what the account says. `failed` and nothing delivered: nothing is charged. */
  settle(outcome: "answered" | "failed"): void;
}

/** What is charged, and what for. */
export interface Charged {
  usage: InferenceUsage;
  priceUsd: number;
  /** Something that costs money reached the caller, or is about to: a failure from here on does not make it free. */
  delivered: boolean;
  /** Nothing more will be used. */
  settled: boolean;
}

export interface ChargingParts {
  readonly account: Charged;
  readonly grant: Grant;
  /** Picodollars, with the body as long as the account says. */
  price(usage: InferenceUsage): bigint;
}

export function createCharging({ account, grant, price }: ChargingParts): Charging {
  /** Of `account.usage`. */
  let approved = 0n;

  function approve(isCovered: boolean, usage: InferenceUsage, asked: bigint): boolean {
    if (!isCovered) return false;
    approved = asked;
    account.usage = usage;
    account.priceUsd = usdOf(asked);
    return true;
  }

  return {
    // What an answer says of its price is what is charged, although the body has grown since.
    priceUsd: (usage) => (usage === account.usage ? account.priceUsd : usdOf(price(usage))),
    spend(usage) {
      const asked = price(usage);
      const spending = grant.spend(asked, tokensOf(usage));
      if (spending instanceof Promise) return spending.then((answer) => approve(answer === "go-on", usage, asked));
      return approve(spending === "go-on", usage, asked);
    },
    settle(outcome) {
      if (account.settled) return;
      account.settled = true;
      const isFree = outcome === "failed" && !account.delivered;
      const charged = grant.settle(isFree ? 0n : approved, isFree ? 0 : tokensOf(account.usage));
      account.priceUsd = usdOf(charged);
    },
  };
}

const tokensOf = ({ inputTokens, outputTokens }: InferenceUsage): number => inputTokens + outputTokens;

export const budgetReached = (): FarthingError =>
  new FarthingError("budget_exceeded", "The budget ended before the answer did; what came until here is charged.");
