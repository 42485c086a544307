/** What a customer reads when budget or limits say no. */
import { FarthingError, show } from "../../errors.ts";
import type { Limits } from "../../tenants/terms.ts";
import type { Shortage } from "../leases/renewal.ts";

/** Whose terms said no, in the customer's words. */
export type Bearer = "tenant" | "key";

const OF: Readonly<Record<Bearer, string>> = { tenant: "of your account", key: "of this API key" };

export function refusal(shortage: Shortage, bearer: Bearer, limits: Limits): FarthingError {
  const of = OF[bearer];
  const retryAfterSeconds = Math.max(1, Math.ceil(shortage.retryAfterMillis / 1000));
  switch (shortage.type) {
    case "budget":
      return new FarthingError(
        "budget_exceeded",
        `The ${shortage.period} budget ${of} does not cover what this request may cost. It begins anew in ${retryAfterSeconds} s; a request with a lower limit of tokens may still fit.`,
        { retryAfterSeconds },
      );
    case "requests":
      return limited(`The limit ${of} is ${show(limits.requestsPerSecond)} requests per second`, retryAfterSeconds);
    case "tokens":
      return limited(`The limit ${of} is ${show(limits.tokensPerMinute)} tokens per minute`, retryAfterSeconds);
    case "concurrency":
      return limited(`The limit ${of} is ${show(limits.concurrency)} requests at the same time`, retryAfterSeconds);
  }
}

const limited = (fact: string, retryAfterSeconds: number): FarthingError =>
  new FarthingError("rate_limited", `${fact}, which is reached. Try again in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  });
