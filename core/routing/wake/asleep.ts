import type { FarthingError } from "../../errors.ts";

/** The component exists and has no copy in service: at zero, or on its way from it. The cause of a `model_not_ready`. */
export class NoCopies extends Error {
  override readonly name = "NoCopies";
}

/** The caller would rather have a job than wait: the cause of a `model_not_ready` that becomes a 202. */
export class BetterAsJob extends Error {
  override readonly name = "BetterAsJob";
}

/** By name: bundles hold several copies of a class. */
const isCausedBy = ({ code, cause }: FarthingError, name: string): boolean =>
  code === "model_not_ready" && (cause as Error | undefined)?.name === name;

export const isAsleep = (error: FarthingError): boolean => isCausedBy(error, "NoCopies");
export const isBetterAsJob = (error: FarthingError): boolean => isCausedBy(error, "BetterAsJob");
