/**
 * Which copy gets a request.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantRoutingConfig.html
 */
import { createHash } from "node:crypto";
import type { VariantDefinition } from "../definitions.ts";
import { PREFIX_CONCURRENCY, PREFIX_LENGTH } from "../limits.ts";

export interface CopyLoad {
  readonly id: string;
  readonly inFlight: number;
}

/** `random` in [0, 1). Undefined when there is no copy. */
export function chooseCopy<Copy extends CopyLoad>(
  copies: readonly Copy[],
  routing: VariantDefinition["RoutingConfig"],
  body: Uint8Array,
  random: number,
): Copy | undefined {
  switch (routing?.RoutingStrategy) {
    case undefined:
    case "RANDOM":
      return copies[Math.floor(random * copies.length)];
    // Which keys and values a copy holds, only its engine knows.
    case "KV_AWARE":
    case "LEAST_OUTSTANDING_REQUESTS":
      return leastOutstanding(copies, random);
    case "PREFIX_AWARE": {
      const { PrefixLength = PREFIX_LENGTH.default, ConcurrencyThreshold = PREFIX_CONCURRENCY.default } =
        routing.PrefixAwareRoutingConfig ?? {};
      const usual = byPrefix(copies, body.subarray(0, PrefixLength));
      return usual !== undefined && usual.inFlight < ConcurrencyThreshold ? usual : leastOutstanding(copies, random);
    }
  }
}

function leastOutstanding<Copy extends CopyLoad>(copies: readonly Copy[], random: number): Copy | undefined {
  const least = Math.min(...copies.map(({ inFlight }) => inFlight));
  const idlest = copies.filter(({ inFlight }) => inFlight === least);
  return idlest[Math.floor(random * idlest.length)];
}

/** The same beginning goes to the same copy, and as few beginnings as can be move when copies come and go. */
function byPrefix<Copy extends CopyLoad>(copies: readonly Copy[], prefix: Uint8Array): Copy | undefined {
  const weight = ({ id }: Copy) => createHash("sha256").update(id).update(prefix).digest("hex");
  return [...copies].sort((a, b) => (weight(a) < weight(b) ? -1 : 1))[0];
}
