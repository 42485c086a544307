/**
 * How long a GPU stays up without a request: rent or buy (ski rental). While idling has cost less than the next wake-up will,
 * it stays; then it goes. Whatever comes, that costs at most twice what one who knew the future would pay, and no fixed
 * time does better. https://doi.org/10.1016/0925-7721(94)90010-8 (Karlin et al.: competitive randomized algorithms)
 */
import type { PriceBook } from "../pricing/price-book.ts";

export interface WakeUp {
  /** From no copy to the first answer. The instance is billed while it starts. */
  readonly seconds: number;
  /** Callers whose requests wait inside the router meanwhile, each in an execution environment of its own. */
  readonly heldCallers: number;
}

export interface IdlingInstance {
  readonly usdPerHour: number;
  readonly routerMemoryMb: number;
  readonly routerArchitecture: "x86_64" | "arm64";
}

/** Of one wake-up, in USD: the instance until it answers, and the functions that wait for it. */
export function wakeUpUsd(wakeUp: WakeUp, instance: IdlingInstance, { lambda }: PriceBook): number {
  const renting = (wakeUp.seconds / 3600) * instance.usdPerHour;
  const gbSeconds = (instance.routerMemoryMb / 1024) * wakeUp.seconds * wakeUp.heldCallers;
  const waiting = gbSeconds * (lambda.gbSecond[instance.routerArchitecture][0]?.[1] ?? 0);
  return renting + waiting;
}

/** Whole seconds, at least a minute: CloudWatch counts copies' idleness in minutes. */
export function idleTimeOutSeconds(wakeUp: WakeUp, instance: IdlingInstance, book: PriceBook): number {
  const usdPerSecond = instance.usdPerHour / 3600;
  if (usdPerSecond === 0) return Number.POSITIVE_INFINITY;
  return Math.max(60, Math.round(wakeUpUsd(wakeUp, instance, book) / usdPerSecond));
}
